import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { GraphBuilder } from '../../src/engine/graph/builder';
import { unpackWhereUsed } from '../../src/engine/graph/packedWeights';
import type { Graph, Value } from '../../src/engine/graph/types';
import { productsInPlace, withoutCopies } from '../../src/engine/runtime/onnx/blocksInPlace';
import { verify } from '../../src/engine/graph/verify';
import { f32, i32 } from '../../src/engine/runtime/runtime';
import type { WeightData, WeightSource } from '../../src/engine/runtime/runtime';
import { assertClose, summed } from './compare';
import type { Tolerance } from './compare';
import { columns, held, productInputs, products, random, rows } from './heldWeights';
import { oracle, runtimes } from './runtimes';

for (const runtime of runtimes) {
  describe(`${runtime.name} widens a weight where it is used`, () => {
    for (const [name, data] of held) {
      test(name, async () => {
        const packed = verify(
          unpackWhereUsed(products(), () => true),
          'unpackWhereUsed',
        );
        assert.equal(packed.nodes.filter(({ op }) => op === 'unpack').length, 3);
        const executable = await runtime.compile(packed, () => data);
        const expected = await oracle.compile(products(), () => data);
        for (const count of [5, 1, 0]) {
          const inputs = productInputs(count);
          assertClose(await executable.run(inputs), await expected.run(inputs), summed);
        }
        await executable.dispose();
      });
    }
  });
}

/** One part in 254 · 254 of the largest number of a block, at the most, for each that is added up. */
const ofFifteenBits: Tolerance = { relative: 0, ofScale: 2e-4, absolute: 0 };

const words = 9;
const table = Float32Array.from({ length: words * Math.max(rows, columns) }, () => random.normal());

/** What a graph that continues texts has: attention to earlier positions, here one of each. */
function attendEarlier(b: GraphBuilder): Record<string, Value> {
  const one = (name: string): Value => b.input(name, 'f32', [1, 1, 1, 1]);
  const [q, k, v, mask, pastKeys, pastValues, pastMask] = earlierNames.map(one) as [Value, ...Value[]];
  const inputs = [q, k!, v!, mask!, pastKeys!, pastValues!, pastMask!] as const;
  return { attended: b.op('cachedAttention', { scale: 1 }, ...inputs) };
}

const earlierNames = ['q', 'k', 'v', 'mask', 'past.keys', 'past.values', 'past.mask'];
const earlier = Object.fromEntries(earlierNames.map((name) => [name, f32(Float32Array.of(0.5), [1, 1, 1, 1])]));

/** A block that reads its matrix once, between an embedding and the head that is tied to it. */
function readOnce(outside: number, inside: number, { continues = false } = {}): Graph {
  const b = new GraphBuilder();
  const attended = continues ? attendEarlier(b) : {};
  const more = b.input('more', 'f32', ['N', outside]);
  const embedding = b.weight('table', [words, inside]);
  const x = b.gather(embedding, b.input('ids', 'i32', ['N']));
  const product = b.within({ block: 0 }, () => b.matmul(x, b.weight('w', [outside, inside]), { transposeB: true }));
  const head = b.matmul(x, embedding, { transposeB: true });
  const graph = b.finish({ added: b.add(more, product), head, ...attended });
  return verify(
    unpackWhereUsed(graph, (name) => name === 'w'),
    'unpackWhereUsed',
  );
}

function sourceOf(data: WeightData, inside: number): WeightSource {
  const own: WeightData = { kind: 'memory', data: table.subarray(0, words * inside) };
  return (name) => (name === 'w' ? data : own);
}

for (const [outside, inside] of [
  [rows, columns],
  [columns, rows],
] as const) {
  for (const runtime of runtimes) {
    for (const continues of [false, true])
      describe(`${runtime.name} multiplies with a matrix of rows of ${inside} numbers that is read once${continues ? ', where texts are continued' : ''}`, () => {
        for (const [name, data] of held) {
          // Of eight bits, numbers are rounded to 15 bits of the largest in their block.
          const tolerance = continues && data.kind === 'blocks' && data.form.format === 'int8' ? ofFifteenBits : summed;
          test(name, async () => {
            const source = sourceOf(data, inside);
            const graph = readOnce(outside, inside, { continues });
            const executable = await runtime.compile(graph, source);
            const expected = await oracle.compile(graph, source);
            for (const count of [5, 1, 0]) {
              const more = Float32Array.from({ length: count * outside }, () => random.normal());
              const ids = Int32Array.from({ length: count }, (_, i) => (2 * i) % words);
              const inputs = {
                more: f32(more, [count, outside]),
                ids: i32(ids, [count]),
                ...(continues ? earlier : {}),
              };
              assertClose(await executable.run(inputs), await expected.run(inputs), tolerance);
            }
            await executable.dispose();
          });
        }
      });
  }
}

for (const runtime of runtimes) {
  test(`${runtime.name} makes no number of what is none, where matrices of eight bits are read in place`, async () => {
    const [, data] = held.find(([name]) => name === 'int8 in 16s')!;
    for (const bad of [NaN, Infinity, -Infinity]) {
      const spoilt = table.slice(0, words * columns);
      // In the second of the rows that are read.
      spoilt[2 * columns + 20] = bad;
      const source: WeightSource = (name) => (name === 'w' ? data : { kind: 'memory', data: spoilt });
      const executable = await runtime.compile(readOnce(rows, columns, { continues: true }), source);
      const inputs = {
        more: f32(new Float32Array(3 * rows), [3, rows]),
        ids: i32(Int32Array.of(0, 2, 4), [3]),
        ...earlier,
      };
      const added = (await executable.run(inputs))['added']!.data as Float32Array;
      const isNumber = Array.from({ length: 3 }, (_, row) =>
        added.subarray(row * rows, (row + 1) * rows).every(Number.isFinite),
      );
      assert.deepEqual(isNumber, [true, false, true], String(bad));
      await executable.dispose();
    }
  });
}

describe('blocks that are read in place', () => {
  const inPlace = (graph: Graph, source: WeightSource): number => productsInPlace(graph, source).products.size;

  for (const [name, data] of held) {
    const format = data.kind === 'blocks' ? data.form.format : undefined;
    const isOfFourBits = format === 'int4' || format === 'uint4';
    for (const [outside, inside] of [
      [rows, columns],
      [columns, rows],
    ] as const) {
      const ends = data.kind === 'blocks' && inside % data.form.size === 0;
      const isRead = ends && isOfFourBits;
      test(`${name} with rows of ${inside}: ${isRead ? 'read in place' : 'widened'}`, () => {
        assert.equal(inPlace(readOnce(outside, inside), sourceOf(data, inside)), isRead ? 1 : 0);
      });
      const goesOn = ends && (isOfFourBits || format === 'int8');
      test(`${name} with rows of ${inside}, where texts are continued: ${goesOn ? 'read in place' : 'widened'}`, () => {
        assert.equal(inPlace(readOnce(outside, inside, { continues: true }), sourceOf(data, inside)), goesOn ? 1 : 0);
      });
    }
  }

  test('not in a graph that reads a matrix in both directions', () => {
    const [, data] = held.find(([name]) => name === 'uint4 in 16s')!;
    assert.equal(
      inPlace(
        unpackWhereUsed(products(), () => true),
        () => data,
      ),
      0,
    );
  });

  test('beside them no copy is made of a matrix that is embedding and head', () => {
    const graph = verify(withoutCopies(readOnce(rows, columns)), 'withoutCopies');
    const head = graph.outputs.get('head')!.node;
    assert.equal(head.inputs[1]!.node.op, 'gate');
  });
});
