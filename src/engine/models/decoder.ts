import { multiplyDims } from '../graph/shape';
import type { Value } from '../graph/types';
import type { Activation } from './activation';
import { activate } from './activation';
import { attend } from './attention';
import type { DecoderInputs, Layers, Model, ModelNumbers, Module } from './model';
import { moduleParameters } from './model';
import type { Rope } from './rope';
import { ropeTables } from './rope';

/** What distinguishes the families built like LLaMA: RMSNorm, rotary positions, grouped queries, gated MLP. */
export interface DecoderShape {
  readonly modelType: string;
  readonly vocabSize: number;
  readonly hiddenSize: number;
  readonly intermediateSize: number;
  readonly layers: number;
  readonly heads: number;
  readonly kvHeads: number;
  readonly headSize: number;
  readonly contextLength: number;
  readonly epsilon: number;
  readonly rope: Rope;
  readonly tied: boolean;
  readonly activation: Activation;
  readonly qkvBias: boolean;
  readonly outputBias: boolean;
  readonly mlpBias: boolean;
  /** RMSNorm of each query and key head before the rotation (Qwen3). */
  readonly headNorm: boolean;
  /** Sliding attention window of each layer; `null` sees everything before. */
  readonly windows: readonly (number | null)[];
  /** See {@link Model.notes}. */
  readonly notes: readonly string[];
  readonly defaultTargets: readonly string[];
}

/** A decoder-only language model of the LLaMA kind. */
export function decoder(shape: DecoderShape): Model {
  const modules = decoderModules(shape);
  const parameters = new Map(modules.flatMap(moduleParameters));
  if (shape.tied) parameters.delete('lm_head.weight');
  return {
    modelType: shape.modelType,
    modules,
    parameters,
    tied: new Map(shape.tied ? [['lm_head.weight', 'model.embed_tokens.weight']] : []),
    basePrefix: 'model.',
    vocabSize: shape.vocabSize,
    hiddenSize: shape.hiddenSize,
    contextLength: shape.contextLength,
    positionsAreLearnt: false,
    kvHeads: shape.kvHeads,
    headSize: shape.headSize,
    blocks: shape.layers,
    blockList: 'model.layers',
    defaultTargets: shape.defaultTargets,
    notes: shape.notes,
    numbers: numbersOf(shape),
    head: 'lm_head',
    hidden: (layers, inputs) => hidden(shape, layers, inputs),
    logits: (layers, states) => layers.linear('lm_head', states),
  };
}

function numbersOf(shape: DecoderShape): ModelNumbers {
  const { heads, kvHeads, headSize, intermediateSize, activation, epsilon, rope, windows, layers } = shape;
  const scales = Array.from({ length: layers }, () => attentionScale(shape));
  return { heads, kvHeads, headSize, innerSize: intermediateSize, activation, epsilon, rope, windows, scales };
}

function attentionScale({ headSize }: DecoderShape): number {
  return headSize ** -0.5;
}

function decoderModules(shape: DecoderShape): Module[] {
  const { hiddenSize: size, intermediateSize, heads, kvHeads, headSize } = shape;
  const linear = (path: string, inFeatures: number, outFeatures: number, bias: boolean): Module => ({
    kind: 'linear',
    path,
    inFeatures,
    outFeatures,
    bias,
  });
  const norm = (path: string, features: number): Module => ({ kind: 'rmsNorm', path, features });
  const block = (at: string): Module[] => [
    linear(`${at}.self_attn.q_proj`, size, heads * headSize, shape.qkvBias),
    linear(`${at}.self_attn.k_proj`, size, kvHeads * headSize, shape.qkvBias),
    linear(`${at}.self_attn.v_proj`, size, kvHeads * headSize, shape.qkvBias),
    linear(`${at}.self_attn.o_proj`, heads * headSize, size, shape.outputBias),
    ...(shape.headNorm ? [norm(`${at}.self_attn.q_norm`, headSize), norm(`${at}.self_attn.k_norm`, headSize)] : []),
    linear(`${at}.mlp.gate_proj`, size, intermediateSize, shape.mlpBias),
    linear(`${at}.mlp.up_proj`, size, intermediateSize, shape.mlpBias),
    linear(`${at}.mlp.down_proj`, intermediateSize, size, shape.mlpBias),
    norm(`${at}.input_layernorm`, size),
    norm(`${at}.post_attention_layernorm`, size),
  ];
  return [
    { kind: 'embedding', path: 'model.embed_tokens', rows: shape.vocabSize, features: size },
    ...Array.from({ length: shape.layers }, (_, i) => block(`model.layers.${i}`)).flat(),
    norm('model.norm', size),
    linear('lm_head', size, shape.vocabSize, false),
  ];
}

function hidden(shape: DecoderShape, layers: Layers, inputs: DecoderInputs): Value {
  const { b } = layers;
  const tokens = multiplyDims(...inputs.ids.shape);
  const { cos, sin } = ropeTables(shape.rope, inputs.maxLength);
  const size = [inputs.maxLength, shape.headSize / 2];
  const tables = { cos: b.constant(cos, size), sin: b.constant(sin, size) };
  let x = layers.embedding('model.embed_tokens', b.reshape(inputs.ids, [tokens]));
  for (let i = 0; i < shape.layers; i++) {
    const path = `model.layers.${i}`;
    x = b.within({ scope: path, block: i }, () => {
      const attended = b.add(x, attention(shape, layers, inputs, tables, i, x));
      return b.add(attended, mlp(shape, layers, path, attended));
    });
  }
  return rmsNorm(shape, layers, 'model.norm', x);
}

function attention(
  shape: DecoderShape,
  layers: Layers,
  inputs: DecoderInputs,
  tables: { cos: Value; sin: Value },
  block: number,
  x: Value,
): Value {
  const { b } = layers;
  const path = `model.layers.${block}`;
  const h = rmsNorm(shape, layers, `${path}.input_layernorm`, x);
  const heads = (name: 'q' | 'k' | 'v', count: number): Value => {
    const projected = layers.linear(`${path}.self_attn.${name}_proj`, h);
    return b.reshape(projected, [...inputs.ids.shape, count, shape.headSize]);
  };
  const positioned = (name: 'q' | 'k', count: number): Value => {
    let states = heads(name, count);
    if (shape.headNorm) states = rmsNorm(shape, layers, `${path}.self_attn.${name}_norm`, states);
    return b.op('rope', {}, states, inputs.positions, tables.cos, tables.sin);
  };
  const q = positioned('q', shape.heads);
  const k = positioned('k', shape.kvHeads);
  const v = heads('v', shape.kvHeads);
  const window = shape.windows[block] ?? null;
  const mixed = attend(layers, inputs, { block, scale: attentionScale(shape), window }, q, k, v);
  return layers.linear(`${path}.self_attn.o_proj`, b.reshape(mixed, [x.shape[0]!, shape.heads * shape.headSize]));
}

function mlp(shape: DecoderShape, layers: Layers, path: string, x: Value): Value {
  const h = rmsNorm(shape, layers, `${path}.post_attention_layernorm`, x);
  const gate = layers.linear(`${path}.mlp.gate_proj`, h);
  const up = layers.linear(`${path}.mlp.up_proj`, h);
  return layers.linear(`${path}.mlp.down_proj`, gated(shape, layers, gate, up));
}

function gated(shape: DecoderShape, { b }: Layers, gate: Value, up: Value): Value {
  if (shape.activation === 'silu') return b.op('swiglu', {}, gate, up);
  return b.mul(activate(b, shape.activation, gate), up);
}

function rmsNorm(shape: DecoderShape, layers: Layers, path: string, x: Value): Value {
  return layers.b.op('rmsNorm', { epsilon: shape.epsilon }, x, layers.parameter(`${path}.weight`));
}
