import { blockBytes, nf4Values, zeroOf } from '../../formats/blocks';
import { halfFormats } from '../../formats/halfPrecision';
import type { FloatDtype, Graph, Node, Shape, Value } from '../../graph/types';
import type { BlocksInFile, WeightData, WeightSource } from '../runtime';
import type { Emitter } from './emitter';
import { resultName } from './lowering';
import { elementType } from './proto';
import type { ElementType, OnnxInitializer } from './proto';

/** A weight as it is held, widened behind `after`. What is gated depends on the run, so nothing is folded beforehand. */
export function unpack(e: Emitter, node: Node<'unpack'>): void {
  const { name, shape } = node.attributes;
  const [after] = node.inputs as [Value];
  const output = resultName(e, node);
  const data = e.weights(name);
  if (data.kind === 'blocks') {
    unpackBlocks(e, name, data, after, shape, output);
    return;
  }
  const held = asHeld(data, shape as readonly number[]);
  const stored = e.shared(heldName(name), () => held);
  if (held.type === 'f32') e.gate(stored, shape, after, output);
  else e.node('Cast', [e.gate(stored, shape, after)], { to: 1 }, { output });
}

/** A weight that is not in blocks, in the number format that it is held in: one in memory in `inMemory`. */
export function asHeld(
  data: Exclude<WeightData, BlocksInFile>,
  shape: readonly number[],
  inMemory: FloatDtype = 'f32',
): Omit<OnnxInitializer, 'name'> {
  if (data.kind === 'memory') {
    const values = inMemory === 'f32' ? data.data : halfFormats[inMemory].narrow(data.data);
    return { type: inMemory, shape, data: bytesOf(values) };
  }
  const { file, offset, byteLength, dtype } = data;
  return { type: dtype, shape, data: { location: file, offset, length: byteLength } };
}

function unpackBlocks(e: Emitter, name: string, data: BlocksInFile, after: Value, shape: Shape, output: string): void {
  const { format, size } = data.form;
  const blocks = data.count / size;
  let values: string;
  if (format === 'nf4') {
    const looked = e.provider.readsBlocks
      ? lookedUpByFours(e, name, data, after)
      : lookedUpByTwos(e, name, data, after);
    values = e.node('Mul', [e.reshape(looked, [], [blocks, size]), floatsOf(e, name, data, 'scales', [blocks, 1])]);
  } else {
    // A scale for each row of the blocks below each other: with a block's size as an attribute it would take far longer.
    const codes = codesOf(e, name, data, codeTypes[format], [blocks, size]);
    const gated = e.gate(floatsOf(e, name, data, 'scales', [blocks]), [blocks], after);
    const zero = format === 'uint4' ? [] : [zeros(e, format, blocks)];
    values = e.node('DequantizeLinear', [codes, gated, ...zero], { axis: 0 });
  }
  if (data.offsets !== undefined) values = e.node('Add', [values, floatsOf(e, name, data, 'offsets', [blocks, 1])]);
  e.reshape(values, [blocks, size], shape, output);
}

const codeTypes = { int8: 'u8', int4: 'u4', uint4: 'u4' } as const;

/** The values of codes, by a table of all that two bytes may hold: by single codes it would take a processor far longer. */
function lookedUpByFours(e: Emitter, name: string, data: BlocksInFile, after: Value): string {
  const quads = [data.count / 4];
  const codes = e.gate(codesOf(e, name, data, 'u16', quads), quads, after);
  return e.node('Gather', [nf4Table(e, 2), e.node('Cast', [codes], { to: elementType.i32 })], { axis: 0 });
}

/** The same a byte at a time, which an operator of quantized networks turns into numbers: GPUs cast no whole numbers of 16 bits. */
function lookedUpByTwos(e: Emitter, name: string, data: BlocksInFile, after: Value): string {
  const pairs = [data.count / 2];
  const codes = codesOf(e, name, data, 'u8', pairs);
  const one = e.gate(e.constant('f32', 1), [], after);
  const numbers = e.node('DequantizeLinear', [codes, one, e.constant('u8', 0)]);
  return e.node('Gather', [nf4Table(e, 1), e.node('Cast', [numbers], { to: elementType.i32 })], { axis: 0 });
}

/** What is taken off the codes of each block. */
function zeros(e: Emitter, format: 'int8' | 'int4', blocks: number): string {
  const zero = zeroOf[format];
  return e.shared(`${zero} to take off ${blocks}`, () => {
    const data =
      format === 'int8' ? new Uint8Array(blocks).fill(zero) : new Uint8Array(Math.ceil(blocks / 2)).fill(zero * 17);
    return { type: codeTypes[format], shape: [blocks], data };
  });
}

/** The values of all that one or two bytes of codes may hold: [256, 2] or [65536, 4]. */
function nf4Table(e: Emitter, bytes: 1 | 2): string {
  return e.shared(`nf4 values of ${bytes}`, () => {
    const rows = 256 ** bytes;
    const table = new Float32Array(rows * 2 * bytes);
    for (let codes = 0; codes < rows; codes++) {
      for (let i = 0; i < bytes; i++) {
        const byte = (codes >> (8 * i)) & 255;
        table.set([nf4Values[byte >> 4]!, nf4Values[byte & 15]!], 2 * (bytes * codes + i));
      }
    }
    return { type: 'f32', shape: [rows, 2 * bytes], data: bytesOf(table) };
  });
}

export interface PackedProducts {
  readonly products: ReadonlyMap<Node, (e: Emitter) => void>;
  /** Nodes whose results nobody reads any more. */
  readonly absorbed: ReadonlySet<Node>;
}

export const nothingPacked: PackedProducts = { products: new Map(), absorbed: new Set() };

/**
 * Products x·Wᵀ with a weight in `nf4` that nothing else reads: ONNX Runtime has an operator that reads the blocks
 * itself. (Its counterpart for x·W is not there on the processor.)
 */
export function packedProducts(graph: Graph, weights: WeightSource, without: ReadonlySet<Node>): PackedProducts {
  const uses = new Map<Node, number>();
  for (const node of graph.nodes) for (const { node: read } of node.inputs) uses.set(read, (uses.get(read) ?? 0) + 1);
  const products = new Map<Node, (e: Emitter) => void>();
  const absorbed = new Set<Node>();
  for (const node of graph.nodes) {
    if (node.op !== 'matmul' || without.has(node)) continue;
    const { transposeA, transposeB, alpha } = node.attributes;
    const [x, { node: packed, shape }] = node.inputs as [Value, Value];
    if (packed.op !== 'unpack' || uses.get(packed) !== 1 || transposeA || !transposeB || alpha !== 1) continue;
    const { name } = packed.attributes;
    const data = weights(name);
    if (data.kind !== 'blocks' || data.form.format !== 'nf4') continue;
    const [rows, columns] = shape as readonly [number, number];
    absorbed.add(packed);
    products.set(node, (e) => {
      const codes = codesOf(e, name, data, 'u8', [data.count / 2]);
      const { size } = data.form;
      const scales = floatsOf(e, name, data, 'scales', [data.count / size]);
      e.node(
        'MatMulBnb4',
        [e.name(x), codes, scales],
        { K: columns, N: rows, block_size: size, quant_type: 1 },
        { domain: 'com.microsoft', output: e.name(node.outputs[0]!) },
      );
    });
  }
  return { products, absorbed };
}

export function codesOf(
  e: Emitter,
  name: string,
  { file, form, count, codes }: BlocksInFile,
  type: ElementType,
  shape: readonly number[],
): string {
  const length = blockBytes(form, count).codes;
  return e.shared(`${heldName(name)} ${type} ${shape.join()}`, () => ({
    type,
    shape,
    data: { location: file, offset: codes, length },
  }));
}

/** Scales or offsets, one for each block. */
export function floatsOf(
  e: Emitter,
  name: string,
  data: BlocksInFile,
  kind: 'scales' | 'offsets',
  shape: readonly number[],
): string {
  const { file, form, count } = data;
  const stored = { location: file, offset: data[kind] ?? 0, length: blockBytes(form, count)[kind] };
  return e.shared(`${heldName(name)} ${kind} ${shape.join()}`, () => ({ type: 'f32', shape, data: stored }));
}

const heldName = (name: string): string => `${name} (held)`;

function bytesOf(data: Float32Array | Uint16Array): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}
