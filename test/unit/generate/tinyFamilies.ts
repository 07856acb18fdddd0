import type { BaseModel } from '../../../src/engine/facts/baseModel';
import { fixedReader, stackedReader } from '../../../src/engine/operations/textReaders';
import type { StackChoice } from '../../../src/engine/operations/textReaders';
import type { BatchReader } from '../../../src/engine/generate/textBatch';
import { GraphBuilder } from '../../../src/engine/graph/builder';
import type { Value } from '../../../src/engine/graph/types';
import { planAdapter } from '../../../src/engine/lora/adapter';
import type { Adapter, LoraOptions } from '../../../src/engine/lora/adapter';
import { loraLayers } from '../../../src/engine/lora/layers';
import type { ConfigValues } from '../../../src/engine/models/config';
import { readModel } from '../../../src/engine/models/families';
import { plainLayers } from '../../../src/engine/models/model';
import type { Model } from '../../../src/engine/models/model';
import { OnnxRuntime } from '../../../src/engine/runtime/onnx/onnxRuntime';
import { floats, i32 } from '../../../src/engine/runtime/runtime';
import type { Runtime, Tensors, WeightSource } from '../../../src/engine/runtime/runtime';
import { randomStream } from '../../../src/random/randomStream';
import { options as loraOptions } from '../lora/models';

const decoder = {
  vocab_size: 61,
  hidden_size: 24,
  intermediate_size: 32,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  max_position_embeddings: 96,
};

/** A small configuration of each family, and of what makes their attention differ. */
export const families: Readonly<Record<string, ConfigValues>> = {
  llama: { ...decoder, model_type: 'llama' },
  mistral: { ...decoder, model_type: 'mistral', sliding_window: 6 },
  qwen2: {
    ...decoder,
    model_type: 'qwen2',
    use_sliding_window: true,
    sliding_window: 5,
    max_window_layers: 1,
    tie_word_embeddings: true,
  },
  qwen3: { ...decoder, model_type: 'qwen3', head_dim: 8 },
  gpt2: { model_type: 'gpt2', vocab_size: 61, n_embd: 24, n_layer: 2, n_head: 3, n_positions: 96 },
};

/** Weights that are large enough for every text to have a likeliest next token of its own. */
export function randomWeights(model: Model, seed = 1): WeightSource {
  const data = new Map(
    [...model.parameters].map(([name, shape]) => {
      const random = randomStream(seed, name);
      const size = shape.reduce((product, dim) => product * dim, 1);
      const centre = shape.length === 1 && !name.endsWith('bias') ? 1 : 0;
      return [name, Float32Array.from({ length: size }, () => centre + 0.3 * random.normal())];
    }),
  );
  return (name) => ({ kind: 'memory', data: data.get(name) ?? data.get(model.tied.get(name)!)! });
}

export const onnx = new OnnxRuntime({ threads: 1 });

/** The logits after a text, read as a whole by the graph that trains. */
export type WholeLogits = (ids: readonly number[]) => Promise<Float32Array>;

export async function wholeLogits(
  model: Model,
  weights: WeightSource,
  adapter?: Adapter,
  tensors: Tensors = {},
  runtime: Runtime = onnx,
): Promise<WholeLogits> {
  const b = new GraphBuilder();
  const tokens = (name: string): Value => b.input(name, 'i32', ['B', 'T']);
  const layers = adapter === undefined ? plainLayers(b, model) : loraLayers(b, model, adapter, { dropout: false });
  const inputs = { ids: tokens('ids'), positions: tokens('positions'), segments: tokens('segments') };
  const hidden = model.hidden(layers, { ...inputs, maxLength: model.contextLength });
  const graph = b.finish({ logits: model.logits(layers, b.gather(hidden, b.input('rows', 'i32', ['R']))) });
  const executable = await runtime.compile(graph, weights);
  return async (ids) => {
    const shape = [1, ids.length];
    const results = await executable.run({
      ...tensors,
      ids: i32(Int32Array.from(ids), shape),
      positions: i32(Int32Array.from(ids.keys()), shape),
      segments: i32(new Int32Array(ids.length).fill(1), shape),
      rows: i32(Int32Array.of(ids.length - 1), [1]),
    });
    return floats(results, 'logits');
  };
}

/** What the readers of texts need of a base model. */
export function baseOf(model: Model): BaseModel {
  return { model } as BaseModel;
}

export function modelOf(family: string): Model {
  return readModel(families[family]!);
}

export function readerOf(model: Model, weights: WeightSource, runtime: Runtime = onnx): Promise<BatchReader<unknown>> {
  return fixedReader({ runtime, base: baseOf(model), weights, maxLength: model.contextLength }, undefined, () => ({}));
}

export function stackedReaderOf(
  model: Model,
  weights: WeightSource,
  paths: ReadonlySet<string>,
): Promise<BatchReader<StackChoice>> {
  return stackedReader({ runtime: onnx, base: baseOf(model), weights, maxLength: model.contextLength }, paths);
}

const plainOptions = loraOptions({ r: 3, loraAlpha: 5, targetModules: undefined });

/** An adapter that changes much, and its values. */
export function randomAdapter(
  model: Model,
  seed: number,
  options: Partial<LoraOptions> = {},
): { adapter: Adapter; values: Map<string, Float32Array>; tensors: Tensors } {
  const adapter = planAdapter(model, { ...plainOptions, ...options }, 'stored');
  const values = new Map<string, Float32Array>();
  const tensors: Record<string, Tensors[string]> = {};
  for (const { name, shape } of adapter.trainables) {
    const random = randomStream(seed, name);
    const data = Float32Array.from({ length: shape[0]! * (shape[1] ?? 1) }, () => 0.4 * random.normal());
    values.set(name, data);
    tensors[name] = { dtype: 'f32', shape, data };
  }
  return { adapter, values, tensors };
}
