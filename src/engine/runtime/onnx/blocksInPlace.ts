import { zeroOf } from '../../formats/blocks';
import { rewrite } from '../../graph/rewrite';
import type { Graph, Node, Shape, Value } from '../../graph/types';
import type { BlocksInFile, WeightSource } from '../runtime';
import type { Emitter } from './emitter';
import { codesOf, floatsOf } from './packedWeights';
import type { PackedProducts } from './packedWeights';

/**
 * Products x·Wᵀ with a matrix of four or eight bits: ONNX Runtime's `MatMulNBits` reads the blocks where they lie, which
 * for a single token takes a fraction of the time that widening the matrix would. It wants the codes in an order of its
 * own, made when the graph is compiled instead of the codes in the file: so only in graphs that read each matrix once, as
 * all but training do; and of eight bits only where texts are continued, as many tokens at once are faster with a
 * widened matrix.
 */
export function productsInPlace(graph: Graph, weights: WeightSource): PackedProducts {
  const products = new Map<Node, (e: Emitter) => void>();
  const absorbed = new Set<Node>();
  if (!readsOnce(graph)) return { products, absorbed };
  const readers = readersOf(graph);
  const continues = continuesTexts(graph);
  for (const node of graph.nodes) {
    if (node.op !== 'matmul') continue;
    const { transposeA, transposeB, alpha } = node.attributes;
    const [, matrix] = node.inputs as [Value, Value];
    const { node: packed } = matrix;
    if (packed.op !== 'unpack' || readers.get(matrix) !== 1 || transposeA || !transposeB || alpha !== 1) continue;
    const { name } = packed.attributes;
    const data = weights(name);
    if (data.kind !== 'blocks' || !fits(data, matrix.shape, continues)) continue;
    absorbed.add(packed);
    products.set(node, (e) => multiply(e, node, name, data));
  }
  return { products, absorbed };
}

/** Whether it reads texts piece by piece, mostly one token at a time. */
export function continuesTexts(graph: Graph): boolean {
  return graph.nodes.some(({ op }) => op === 'cachedAttention');
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

/** Whether blocks are of such bits and end with the rows. */
function fits({ form: { format, size } }: BlocksInFile, shape: Shape, withEight: boolean): boolean {
  return format !== 'nf4' && (format !== 'int8' || withEight) && (shape[1] as number) % size === 0;
}

function multiply(e: Emitter, node: Node, name: string, data: BlocksInFile): void {
  const [x, matrix] = node.inputs as [Value, Value];
  const [, columns] = matrix.shape as readonly [number, number];
  const { size } = data.form;
  const perRow = columns / size;
  const product = data.form.format === 'int8' ? timesEightBits : timesFourBits;
  const result = { output: e.name(node.outputs[0]!) };
  if (data.offsets === undefined) {
    product(e, x, matrix.shape, name, data, result);
    return;
  }
  // An offset is added to all numbers of a block, so it counts as often as what they are multiplied with.
  const scaled = product(e, x, matrix.shape, name, data);
  const offsets = floatsOf(e, name, data, 'offsets', [matrix.shape[0] as number, perRow]);
  e.node('Gemm', [blockSums(e, x, perRow, size), offsets, scaled], { transA: 0, transB: 1 }, result);
}

type Product = (
  e: Emitter,
  x: Value,
  shape: Shape,
  name: string,
  data: BlocksInFile,
  result?: { readonly output: string },
) => string;

/** Codes times scales, without the offsets. */
const timesFourBits: Product = (e, x, shape, name, data, result) => {
  const [rows, columns] = shape as readonly [number, number];
  const { format, size } = data.form;
  const perRow = columns / size;
  const inputs = [
    e.name(x),
    codesOf(e, name, data, 'u8', [rows, perRow, size / 2]),
    floatsOf(e, name, data, 'scales', [rows, perRow]),
    ...(format === 'uint4' ? [noZeros(e, rows, Math.ceil(perRow / 2))] : []),
  ];
  // Numbers are not rounded before they are multiplied.
  const attributes = { K: columns, N: rows, bits: 4, block_size: size, accuracy_level: 1 };
  return e.node('MatMulNBits', inputs, attributes, { domain: 'com.microsoft', ...result });
};

/** Where the codes themselves are what is scaled; without it the operator takes `int4`'s zero off them. */
function noZeros(e: Emitter, rows: number, bytes: number): string {
  return e.shared(`no ${zeroOf.int4} to take off ${rows} ${bytes}`, () => {
    return { type: 'u8', shape: [rows, bytes], data: new Uint8Array(rows * bytes) };
  });
}

/**
 * The same for eight bits, where the operator is fast only with numbers rounded to eight bits as well, each block by its
 * largest magnitude. So it gets them in two parts, what the rounding makes of them and what it takes off: rounding the
 * first again changes nothing, and the second is rounded to a part of what was taken off. Together that is as good as 15
 * bits. Both parts are two rows of one product, which reads the matrix once.
 */
const timesEightBits: Product = (e, x, shape, name, data, result) => {
  const [rows, columns] = shape as readonly [number, number];
  const { size } = data.form;
  const perRow = columns / size;
  const inputs = [
    inTwoParts(e, x, perRow, size),
    codesOf(e, name, data, 'u8', [rows, perRow, size]),
    floatsOf(e, name, data, 'scales', [rows, perRow]),
  ];
  const attributes = { K: columns, N: rows, bits: 8, block_size: size, accuracy_level: 4 };
  const parts = e.node('MatMulNBits', inputs, attributes, { domain: 'com.microsoft' });
  return e.node('ReduceSum', [parts, e.constant('i64', [0])], { keepdims: 0 }, result);
};

/** [tokens, columns] → [2, tokens, columns]: rounded to 8 bits in blocks, and the rest */
function inTwoParts(e: Emitter, x: Value, perRow: number, size: number): string {
  return e.once(`two parts of ${size} ${x.id}`, () => {
    // Rounding would make some number of what is none; infinity it makes NaN.
    const numbers = e.node('Where', [e.node('IsNaN', [e.name(x)]), e.constant('f32', Infinity), e.name(x)]);
    const blocks = e.reshape(numbers, x.shape, [x.shape[0]!, perRow, size]);
    const largest = e.node('ReduceMax', [e.node('Abs', [blocks]), e.constant('i64', [2])], { keepdims: 1 });
    // A block of zeros must not be divided by zero.
    const step = e.node('Max', [e.node('Mul', [largest, e.constant('f32', 1 / 127)]), e.constant('f32', 1e-30)]);
    const rounded = e.node('Mul', [e.node('Round', [e.node('Div', [blocks, step])]), step]);
    const both = e.node('Concat', [rounded, e.node('Sub', [blocks, rounded])], { axis: 0 });
    return e.node('Reshape', [both, e.constant('i64', [2, -1, perRow * size])]);
  });
}

/** [tokens, columns] → the sums of neighbouring numbers [tokens, perRow] */
function blockSums(e: Emitter, x: Value, perRow: number, size: number): string {
  return e.once(`sums of ${size} ${x.id}`, () => {
    const blocks = e.reshape(e.name(x), x.shape, [x.shape[0]!, perRow, size]);
    return e.node('ReduceSum', [blocks, e.constant('i64', [2])], { keepdims: 0 });
  });
}
