import { decompose } from '../../graph/decompose';
import { plainProducts } from '../../graph/plainProducts';
import type { Graph } from '../../graph/types';
import { verify } from '../../graph/verify';
import type { WeightSource } from '../runtime';
import { joinedName } from './cachedAttention';
import { Emitter, outputName } from './emitter';
import { elementType } from './proto';
import type { OnnxModel, OnnxNode, OnnxValue } from './proto';
import { portableProvider } from './providers';

/** Sizes of a decoder that its inputs and outputs are made of. */
export interface DecoderSizes {
  readonly blocks: number;
  readonly kvHeads: number;
  readonly headSize: number;
  readonly vocabSize: number;
}

/** Names of a block's earlier keys and values, as Optimum's exporter has them. */
export const pastNames = (block: number): readonly [keys: string, values: string] => [
  `past_key_values.${block}.key`,
  `past_key_values.${block}.value`,
];

const batch = 'batch_size';
const length = 'sequence_length';
const past = 'past_sequence_length';
const all = 'total_sequence_length';

/** A position that no token has, and what is above all that tokens have. */
const nowhere = 2 ** 30;
const everywhere = 2 ** 29;

/**
 * A graph of `portableDecodingGraph` (its keys and values called {@link pastNames}) as the model that Optimum exports of a
 * text model: `input_ids`, `attention_mask`, `position_ids` (i64) and `past_key_values.N.key|value` give `logits` and
 * `present.N.key|value`. Rows may begin with padding, which the mask closes.
 */
export function portableModel(graph: Graph, weights: WeightSource, sizes: DecoderSizes): OnnxModel {
  const lowered = verify(plainProducts(verify(decompose(graph), 'decompose')), 'plainProducts');
  const emitter = new Emitter(lowered, weights, portableProvider);
  const inner = emitter.emit();
  const before: OnnxNode[] = [];
  const constants: OnnxModel['initializers'][number][] = [];
  const add = (
    op: string,
    inputs: readonly string[],
    output: string,
    attributes: OnnxNode['attributes'] = {},
  ): string => {
    before.push({ op, domain: '', name: output, inputs, outputs: [output], attributes });
    return output;
  };
  const constant = (name: string, type: 'i64' | 'i32', values: readonly number[], shape: readonly number[]): string => {
    const data = type === 'i32' ? Int32Array.from(values) : BigInt64Array.from(values, BigInt);
    constants.push({ name, type, shape, data: new Uint8Array(data.buffer) });
    return name;
  };
  add('Cast', ['input_ids'], 'ids', { to: elementType.i32 });
  add('Cast', ['position_ids'], 'positions', { to: elementType.i32 });
  // The mask is of earlier and new tokens beside each other.
  const one = constant('one', 'i64', [1], [1]);
  const zero = constant('zero', 'i64', [0], [1]);
  const [own, whole] = [add('Shape', ['input_ids'], 'own length', { start: 1, end: 2 }), 'whole length'];
  add('Shape', ['attention_mask'], whole, { start: 1, end: 2 });
  const earlier = add('Sub', [whole, own], 'earlier length');
  add('Cast', [add('Slice', ['attention_mask', earlier, whole, one], 'own mask')], 'segments', { to: elementType.i32 });
  // An earlier token's position is the number of tokens before it; padding lies where nobody looks.
  const mask = add('Slice', ['attention_mask', zero, earlier, one], 'earlier mask');
  const counted = add('CumSum', [mask, constant('axis', 'i64', [1], [])], 'earlier tokens');
  const places = add('Sub', [counted, one], 'earlier positions');
  const isToken = add('Cast', [mask], 'is token', { to: elementType.bool });
  const found = add('Where', [isToken, places, constant('nowhere', 'i64', [nowhere], [1])], 'places');
  const asRows = constant('axes of heads and queries', 'i64', [1, 2], [2]);
  add('Unsqueeze', [add('Cast', [found], 'places (i32)', { to: elementType.i32 }), asRows], 'slots');
  const rows = add('Shape', ['input_ids'], 'rows', { start: 0, end: 1 });
  add('Expand', [constant('everywhere', 'i32', [everywhere], [1]), rows], 'lengths');
  return {
    nodes: [...before, ...renamed(inner.nodes, sizes.blocks)],
    inputs: inputsOf(sizes),
    outputs: outputsOf(sizes),
    values: [],
    initializers: [...constants, ...inner.initializers],
  };
}

/** Results under the names that programs look for. */
function renamed(nodes: readonly OnnxNode[], blocks: number): OnnxNode[] {
  const names = new Map([[outputName('logits'), 'logits']]);
  for (let block = 0; block < blocks; block++) {
    for (const name of pastNames(block)) names.set(joinedName(name), name.replace('past_key_values', 'present'));
  }
  const rename = (name: string): string => names.get(name) ?? name;
  return nodes.map((node) => ({
    ...node,
    inputs: node.inputs.map(rename),
    outputs: node.outputs.map(rename),
    name: rename(node.name),
  }));
}

function inputsOf({ blocks, kvHeads, headSize }: DecoderSizes): OnnxValue[] {
  const tokens = (name: string, second: string): OnnxValue => ({ name, type: 'i64', shape: [batch, second] });
  return [
    tokens('input_ids', length),
    tokens('attention_mask', all),
    tokens('position_ids', length),
    ...cacheValues(blocks, pastNames, [batch, kvHeads, past, headSize]),
  ];
}

function outputsOf({ blocks, kvHeads, headSize, vocabSize }: DecoderSizes): OnnxValue[] {
  const names = (block: number): readonly string[] =>
    pastNames(block).map((name) => name.replace('past_key_values', 'present'));
  return [
    { name: 'logits', type: 'f32', shape: [batch, length, vocabSize] },
    ...cacheValues(blocks, names, [batch, kvHeads, all, headSize]),
  ];
}

function cacheValues(
  blocks: number,
  names: (block: number) => readonly string[],
  shape: readonly (number | string)[],
): OnnxValue[] {
  return Array.from({ length: blocks }, (_, block) => names(block))
    .flat()
    .map((name) => ({ name, type: 'f32', shape }));
}
