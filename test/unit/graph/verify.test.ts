import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { GraphBuilder } from '../../../src/engine/graph/builder';
import type { Graph, Node, Value } from '../../../src/engine/graph/types';
import { verify } from '../../../src/engine/graph/verify';

function graph(): Graph {
  const b = new GraphBuilder();
  const x = b.input('x', 'f32', ['N', 4]);
  return b.finish({ y: b.op('silu', {}, b.matmul(x, b.weight('w', [4, 3]))) });
}

/** The graph with one node changed, as a faulty pass might leave it. */
function changed(original: Graph, op: Node['op'], change: Partial<Record<keyof Node, unknown>>): Graph {
  return {
    ...original,
    nodes: original.nodes.map((node) => (node.op === op ? ({ ...node, ...change } as Node) : node)),
  };
}

function refuses(what: string, make: () => Graph, message: RegExp): void {
  test(what, () => {
    assert.throws(
      () => verify(make(), 'a pass'),
      (error: Error) => {
        assert.match(error.message, message);
        assert.match(error.message, /^After a pass/);
        assert.match(error.message, /\nreturn y = /, 'the program is printed');
        return true;
      },
    );
  });
}

test('a sound graph passes as it is', () => {
  const sound = graph();
  assert.equal(verify(sound, 'build'), sound);
});

describe('after a pass there is no', () => {
  refuses(
    'value that is read before it is there',
    () => ({ ...graph(), nodes: [...graph().nodes].reverse() }),
    /at node 3 \(silu\): reads value 2 before it is there/,
  );
  refuses(
    'value that is read and never computed',
    () => {
      const { nodes, outputs } = graph();
      return { nodes: nodes.filter(({ op }) => op !== 'weight'), outputs };
    },
    /\(matmul\): reads value 1 before/,
  );
  refuses(
    'node without all its inputs',
    () => {
      const original = graph();
      const [x] = original.nodes.find(({ op }) => op === 'matmul')!.inputs;
      return changed(original, 'matmul', { inputs: [x] });
    },
    /\(matmul\): has 1 inputs/,
  );
  refuses(
    'concatenation of nothing',
    () => {
      const b = new GraphBuilder();
      const joined = b.finish({ y: b.op('concat', { axis: 0 }, b.constant([1], [1]), b.constant([2], [1])) });
      return changed(joined, 'concat', { inputs: [] });
    },
    /\(concat\): has 0 inputs/,
  );
  refuses(
    'inputs that do not fit the op',
    () => {
      const original = graph();
      const [x] = original.nodes.find(({ op }) => op === 'matmul')!.inputs;
      return changed(original, 'matmul', { inputs: [x, x] });
    },
    /\(matmul\): inner dimensions of \[N, 4\] and \[N, 4\] differ/,
  );
  refuses(
    'value that is computed twice',
    () => {
      const { nodes, outputs } = graph();
      return { nodes: [...nodes, nodes.at(-1)!], outputs };
    },
    /\(silu\): computes value 3 a second time/,
  );
  refuses(
    'node without its result',
    () => changed(graph(), 'matmul', { outputs: [] }),
    /\(matmul\): has 0 results, not 1/,
  );
  refuses(
    'result of another type than its rule gives',
    () => {
      const original = graph();
      const silu = original.nodes.find(({ op }) => op === 'silu')!;
      const outputs: Value[] = [{ ...silu.outputs[0]!, shape: ['N', 5] }];
      return { ...changed(original, 'silu', { outputs }), outputs: new Map([['y', outputs[0]!]]) };
    },
    /\(silu\): result 0 has another type/,
  );
  refuses(
    'result of another element type',
    () => {
      const original = graph();
      const silu = original.nodes.find(({ op }) => op === 'silu')!;
      return changed(original, 'silu', { outputs: [{ ...silu.outputs[0]!, dtype: 'i32' }] });
    },
    /\(silu\): result 0 has another type/,
  );
  refuses(
    'result too many',
    () => {
      const original = graph();
      const silu = original.nodes.find(({ op }) => op === 'silu')!;
      return changed(original, 'silu', { outputs: [silu.outputs[0], { ...silu.outputs[0]!, id: 99 }] });
    },
    /\(silu\): has 2 results, not 1/,
  );
  refuses(
    'second leaf of the same name',
    () => {
      const b = new GraphBuilder();
      return b.finish({ y: b.add(b.input('x', 'f32', [1]), b.weight('x', [1])) });
    },
    /\(weight\): x is there twice/,
  );
  refuses(
    'output that is never computed',
    () => {
      const { nodes, outputs } = graph();
      return { nodes: nodes.filter(({ op }) => op !== 'silu'), outputs };
    },
    /output y is undefined/,
  );
});
