import { PbfWriter } from 'pbf';

/**
 * The part of ONNX's protobuf messages that we write, field numbers as in onnx.proto
 * (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto).
 */
export interface OnnxModel {
  readonly nodes: readonly OnnxNode[];
  readonly inputs: readonly OnnxValue[];
  readonly outputs: readonly OnnxValue[];
  readonly values: readonly OnnxValue[];
  readonly initializers: readonly OnnxInitializer[];
}

export type OnnxAttribute = number | string | readonly number[] | { readonly float: number };

export interface OnnxNode {
  readonly op: string;
  /** Empty for ONNX's own operators. */
  readonly domain: string;
  readonly name: string;
  /** An empty name stands for an input that is left out. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** Numbers are integers unless wrapped as `{float}`. */
  readonly attributes: Readonly<Record<string, OnnxAttribute>>;
}

export const elementType = {
  f32: 1,
  u8: 2,
  i8: 3,
  u16: 4,
  i32: 6,
  i64: 7,
  bool: 9,
  f16: 10,
  bf16: 16,
  u4: 21,
  i4: 22,
} as const;
export type ElementType = keyof typeof elementType;

export interface OnnxValue {
  readonly name: string;
  readonly type: ElementType;
  readonly shape: readonly (number | string)[];
}

export interface OnnxInitializer {
  readonly name: string;
  readonly type: ElementType;
  readonly shape: readonly number[];
  readonly data: Uint8Array | { readonly location: string; readonly offset: number; readonly length: number };
}

const irVersion = 10;
const opset = 21;

/** The bytes of an ONNX model file. */
export function encodeModel(model: OnnxModel): Uint8Array {
  const pbf = new PbfWriter();
  writeVersions(pbf);
  pbf.writeMessage(7, writeGraph, model);
  return pbf.finish();
}

/** A tensor whose bytes are written after the model's frame. */
export type FramedInitializer = Omit<OnnxInitializer, 'data'> & { readonly byteLength: number };

/**
 * A model file in pieces, for weights that need never be in memory: `start` is everything but these tensors, and before
 * the bytes of each stands its entry in `headers`. (Messages may have their fields in any order.)
 */
export function frameModel(
  model: OnnxModel,
  tensors: readonly FramedInitializer[],
): { readonly start: Uint8Array; readonly headers: readonly Uint8Array[]; readonly bytes: number } {
  const graph = new PbfWriter();
  writeGraph(model, graph);
  const body = graph.finish();
  const headers = tensors.map(({ byteLength, ...tensor }) => {
    const own = new PbfWriter();
    writeTensorPlace(tensor, own);
    const place = Buffer.concat([own.finish(), tagAndLength(9, byteLength)]);
    return Buffer.concat([tagAndLength(5, place.length + byteLength), place]);
  });
  const data = tensors.reduce((sum, { byteLength }) => sum + byteLength, 0);
  const graphBytes = body.length + headers.reduce((sum, header) => sum + header.length, data);
  const first = new PbfWriter();
  writeVersions(first);
  const start = Buffer.concat([first.finish(), tagAndLength(7, graphBytes), body]);
  return { start, headers, bytes: start.length + graphBytes - body.length };
}

/** What stands before a field of bytes. */
function tagAndLength(field: number, length: number): Uint8Array {
  const pbf = new PbfWriter();
  pbf.writeVarint((field << 3) | 2);
  pbf.writeVarint(length);
  return pbf.finish();
}

function writeVersions(pbf: PbfWriter): void {
  pbf.writeVarintField(1, irVersion);
  pbf.writeMessage(8, writeOpset, { domain: '', version: opset });
  pbf.writeMessage(8, writeOpset, { domain: 'com.microsoft', version: 1 });
}

function writeOpset(set: { domain: string; version: number }, pbf: PbfWriter): void {
  pbf.writeStringField(1, set.domain);
  pbf.writeVarintField(2, set.version);
}

function writeGraph(graph: OnnxModel, pbf: PbfWriter): void {
  for (const node of graph.nodes) pbf.writeMessage(1, writeNode, node);
  pbf.writeStringField(2, 'graph');
  for (const initializer of graph.initializers) pbf.writeMessage(5, writeInitializer, initializer);
  for (const value of graph.inputs) pbf.writeMessage(11, writeValue, value);
  for (const value of graph.outputs) pbf.writeMessage(12, writeValue, value);
  for (const value of graph.values) pbf.writeMessage(13, writeValue, value);
}

function writeNode(node: OnnxNode, pbf: PbfWriter): void {
  for (const input of node.inputs) pbf.writeStringField(1, input);
  for (const output of node.outputs) pbf.writeStringField(2, output);
  pbf.writeStringField(3, node.name);
  pbf.writeStringField(4, node.op);
  for (const [name, value] of Object.entries(node.attributes)) pbf.writeMessage(5, writeAttribute, { name, value });
  pbf.writeStringField(7, node.domain);
}

function writeAttribute({ name, value }: { name: string; value: OnnxAttribute }, pbf: PbfWriter): void {
  pbf.writeStringField(1, name);
  if (typeof value === 'number') {
    pbf.writeVarintField(3, value);
    pbf.writeVarintField(20, 2);
  } else if (typeof value === 'string') {
    pbf.writeStringField(4, value);
    pbf.writeVarintField(20, 3);
  } else if ('float' in value) {
    pbf.writeFloatField(2, value.float);
    pbf.writeVarintField(20, 1);
  } else {
    for (const entry of value) pbf.writeVarintField(8, entry);
    pbf.writeVarintField(20, 7);
  }
}

function writeTensorPlace({ name, type, shape }: Omit<OnnxInitializer, 'data'>, pbf: PbfWriter): void {
  for (const dim of shape) pbf.writeVarintField(1, dim);
  pbf.writeVarintField(2, elementType[type]);
  pbf.writeStringField(8, name);
}

function writeInitializer(tensor: OnnxInitializer, pbf: PbfWriter): void {
  writeTensorPlace(tensor, pbf);
  if (tensor.data instanceof Uint8Array) {
    pbf.writeBytesField(9, tensor.data);
    return;
  }
  const { location, offset, length } = tensor.data;
  for (const [key, value] of Object.entries({ location, offset: String(offset), length: String(length) })) {
    pbf.writeMessage(13, writeEntry, { key, value });
  }
  pbf.writeVarintField(14, 1);
}

function writeEntry({ key, value }: { key: string; value: string }, pbf: PbfWriter): void {
  pbf.writeStringField(1, key);
  pbf.writeStringField(2, value);
}

function writeValue(value: OnnxValue, pbf: PbfWriter): void {
  pbf.writeStringField(1, value.name);
  pbf.writeMessage(2, writeType, value);
}

function writeType(value: OnnxValue, pbf: PbfWriter): void {
  pbf.writeMessage(1, writeTensorType, value);
}

function writeTensorType(value: OnnxValue, pbf: PbfWriter): void {
  pbf.writeVarintField(1, elementType[value.type]);
  pbf.writeMessage(2, writeShape, value.shape);
}

function writeShape(shape: readonly (number | string)[], pbf: PbfWriter): void {
  for (const dim of shape) pbf.writeMessage(1, writeDim, dim);
}

function writeDim(dim: number | string, pbf: PbfWriter): void {
  if (typeof dim === 'number') pbf.writeVarintField(1, dim);
  else pbf.writeStringField(2, dim);
}
