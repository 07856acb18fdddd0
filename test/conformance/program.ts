import { GraphBuilder } from '../../src/engine/graph/builder';
import { bindShape } from '../../src/engine/graph/shape';
import type { Attributes, Graph, Op, Value } from '../../src/engine/graph/types';
import type { Tensor, Tensors, WeightSource } from '../../src/engine/runtime/runtime';
import type { Tolerance } from './compare';
import { tensor } from './operand';
import type { Operand } from './operand';
import { RandomNumbers } from './randomNumbers';

/** The sizes of the symbols in one run. */
export type Sizes = Readonly<Record<string, number>>;

/** An op with operands. */
export type OpCase<K extends Op> = CaseWith<Attributes[K]>;

export interface CaseWith<A> {
  readonly name: string;
  readonly attributes: A;
  readonly operands: readonly Operand[];
  /** The numbers of the inputs and weights that the op itself brings into the graph, by name. */
  readonly feeds?: Readonly<Record<string, Operand>>;
  /** The runs, one after the other, of the one compiled graph; a single one without symbols if left out. */
  readonly runs?: readonly Sizes[];
  /** If left out, the tolerance of the op. */
  readonly tolerance?: Tolerance;
}

/** Cases of some ops. */
export type CaseTable<K extends Op> = { readonly [P in K]: readonly OpCase<P>[] };

/** A graph, and what it is run with. */
export interface Program {
  readonly name: string;
  readonly graph: Graph;
  readonly weights: WeightSource;
  readonly runs: readonly { readonly sizes: Sizes; readonly inputs: Tensors }[];
}

/** Builds a graph from operands, which `build` gets as values by their names. */
export function program(
  name: string,
  operands: Readonly<Record<string, Operand>>,
  runs: readonly Sizes[],
  build: (b: GraphBuilder, operands: Readonly<Record<string, Value>>) => Readonly<Record<string, Value>>,
  feeds: Readonly<Record<string, Operand>> = {},
): Program {
  const b = new GraphBuilder();
  const all = { ...operands, ...feeds };
  const stored = new Map(
    Object.entries(all).flatMap(([key, operand]) =>
      operand.source === 'input' ? [] : [[key, numbers(name, key, operand, {})]],
    ),
  );
  const given = Object.entries(operands).map(([key, operand]) => [key, leaf(b, key, operand, stored.get(key))]);
  const outputs = build(b, Object.fromEntries(given) as Readonly<Record<string, Value>>);
  return {
    name,
    graph: b.finish(outputs),
    weights: (key) => ({ kind: 'memory', data: stored.get(key)!.data as Float32Array }),
    runs: runs.map((sizes) => ({
      sizes,
      inputs: Object.fromEntries(
        Object.entries(all)
          .filter(([, operand]) => operand.source === 'input')
          .map(([key, operand]) => [key, numbers(name, key, operand, sizes)]),
      ),
    })),
  };
}

/** The program of one op: operands a, b, c …, results y0, y1 … */
export function opProgram<K extends Op>(op: K, testCase: OpCase<K>): Program {
  const { name, attributes, operands, runs = [{}], feeds } = testCase;
  const named = Object.fromEntries(operands.map((operand, i) => [String.fromCharCode(97 + i), operand]));
  return program(
    `${op}: ${name}`,
    named,
    runs,
    (b, given) => {
      const node = b.node(op, attributes, ...Object.values(given));
      return Object.fromEntries(
        node.outputs.map((value, i) => [`y${i}`, value.dtype === 'f16' ? b.cast(value, 'f32') : value]),
      );
    },
    feeds,
  );
}

function leaf(b: GraphBuilder, key: string, { source, dtype, shape }: Operand, stored: Tensor | undefined): Value {
  if (source === 'input') return b.input(key, dtype, shape);
  if (source === 'weight') return b.weight(key, shape);
  return b.constant(stored!.data, stored!.shape, dtype);
}

function numbers(name: string, key: string, { dtype, shape, fill }: Operand, sizes: Sizes): Tensor {
  const bound = bindShape(shape, new Map(Object.entries(sizes)));
  return tensor(dtype, bound, fill(new RandomNumbers(`${name} ${key} ${JSON.stringify(sizes)}`), bound));
}
