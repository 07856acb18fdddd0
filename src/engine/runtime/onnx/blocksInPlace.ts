import { int4Zero } from '../../formats/blocks';
import { rewrite } from '../../graph/rewrite';
import type { Graph, Node, Shape, Value } from '../../graph/types';
import type { BlocksInFile, WeightSource } from '../runtime';
import type { Emitter } from './emitter';
import { codesOf, floatsOf } from './packedWeights';
import type { PackedProducts } from './packedWeights';

/**
 * Products x·Wᵀ with a matrix of four bits: ONNX Runtime's `MatMulNBits` reads the blocks where they lie, which for a
 * single token takes a fraction of the time that widening the matrix would. It wants the codes in an order of its own,
 * made when the graph is compiled instead of the codes in the file: so only in graphs that read each matrix once, as
 * all but training do. (Matrices of eight bits it would only multiply with rounded numbers.)
 */
export function productsInPlace(graph: Graph, weights: WeightSource): PackedProducts {
  const products = new Map<Node, (e: Emitter) => void>();
  const absorbed = new Set<Node>();
  if (!readsOnce(graph)) return { products, absorbed };
  const readers = readersOf(graph);
  for (const node of graph.nodes) {
    if (node.op !== 'matmul') continue;
    const { transposeA, transposeB, alpha } = node.attributes;
    const [, matrix] = node.inputs as [Value, Value];
    const { node: packed } = matrix;
    if (packed.op !== 'unpack' || readers.get(matrix) !== 1 || transposeA || !transposeB || alpha !== 1) continue;
    const { name } = packed.attributes;
    const data = weights(name);
    if (data.kind !== 'blocks' || !fits(data, matrix.shape)) continue;
    absorbed.add(packed);
    products.set(node, (e) => multiply(e, node, name, data));
  }
  return { products, absorbed };
}

/**
 * The graph for a session that keeps copies of its constant matrices in an order of its own: those that something else
 * reads as well, such as an embedding that is the head, are kept from it, or they would be held twice.
 */
export function withoutCopies(graph: Graph): Graph {
  const readers = readersOf(graph);
  return rewrite(graph, ({ op, attributes, inputs: old }, inputs, b) => {
    const [x, matrix] = inputs as [Value, Value];
    if (op !== 'matmul' || matrix.node.op !== 'weight' || readers.get(old[1]!) === 1) return undefined;
    return [b.matmul(x, b.gate(matrix, x), attributes)];
  });
}

function readsOnce({ nodes }: Graph): boolean {
  const names = nodes.flatMap(({ op, attributes }) => (op === 'unpack' ? [attributes.name] : []));
  return new Set(names).size === names.length;
}

function readersOf(graph: Graph): ReadonlyMap<Value, number> {
  const readers = new Map<Value, number>();
  const add = (value: Value): unknown => readers.set(value, (readers.get(value) ?? 0) + 1);
  for (const { inputs } of graph.nodes) inputs.forEach(add);
  for (const value of graph.outputs.values()) add(value);
  return readers;
}

/** Whether blocks are of four bits and end with the rows. */
function fits({ form: { format, size } }: BlocksInFile, shape: Shape): boolean {
  return (format === 'int4' || format === 'uint4') && (shape[1] as number) % size === 0;
}

function multiply(e: Emitter, node: Node, name: string, data: BlocksInFile): void {
  const [x, matrix] = node.inputs as [Value, Value];
  const [rows, columns] = matrix.shape as readonly [number, number];
  const { format, size } = data.form;
  const perRow = columns / size;
  const inputs = [
    e.name(x),
    codesOf(e, name, data, 'u8', [rows, perRow, size / 2]),
    floatsOf(e, name, data, 'scales', [rows, perRow]),
    ...(format === 'uint4' ? [zeros(e, rows, Math.ceil(perRow / 2))] : []),
  ];
  // Numbers are not rounded before they are multiplied.
  const attributes = { K: columns, N: rows, bits: 4, block_size: size, accuracy_level: 1 };
  const result = e.name(node.outputs[0]!);
  if (data.offsets === undefined) {
    e.node('MatMulNBits', inputs, attributes, { domain: 'com.microsoft', output: result });
    return;
  }
  // An offset is added to all numbers of a block, so it counts as often as what they are multiplied with.
  const scaled = e.node('MatMulNBits', inputs, attributes, { domain: 'com.microsoft' });
  const offsets = floatsOf(e, name, data, 'offsets', [rows, perRow]);
  e.node('Gemm', [blockSums(e, x, perRow, size), offsets, scaled], { transA: 0, transB: 1 }, { output: result });
}

/** Where the codes themselves are what is scaled; without it the operator takes {@link int4Zero} off them. */
function zeros(e: Emitter, rows: number, bytes: number): string {
  return e.shared(`no ${int4Zero} to take off ${rows} ${bytes}`, () => {
    return { type: 'u8', shape: [rows, bytes], data: new Uint8Array(rows * bytes) };
  });
}

/** [tokens, columns] → the sums of neighbouring numbers [tokens, perRow] */
function blockSums(e: Emitter, x: Value, perRow: number, size: number): string {
  return e.once(`sums of ${size} ${x.id}`, () => {
    const blocks = e.reshape(e.name(x), x.shape, [x.shape[0]!, perRow, size]);
    return e.node('ReduceSum', [blocks, e.constant('i64', [2])], { keepdims: 0 });
  });
}
