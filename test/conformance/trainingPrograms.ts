import { bindShape } from '../../src/engine/graph/shape';
import type { Graph } from '../../src/engine/graph/types';
import { planAdapter, planFull } from '../../src/engine/lora/adapter';
import type { Adapter } from '../../src/engine/lora/adapter';
import { loraLayers } from '../../src/engine/lora/layers';
import { readModel } from '../../src/engine/models/families';
import type { Model } from '../../src/engine/models/model';
import type { Tensor, Tensors } from '../../src/engine/runtime/runtime';
import { lossScaleInput, trainingGraph } from '../../src/engine/train/trainingGraph';
import type { Recomputation } from '../../src/engine/train/trainingGraph';
import { tensor } from './operand';
import type { Program, Sizes } from './program';
import { RandomNumbers } from './randomNumbers';

const vocabulary = 11;
const maxLength = 6;
const chunks = 3;
const size = { vocab_size: vocabulary, hidden_size: 8, intermediate_size: 12, num_hidden_layers: 2 };
const heads = { num_attention_heads: 4, num_key_value_heads: 2 };

/** Two blocks, 8 wide, of each family. */
const models: Readonly<Record<string, Model>> = {
  llama: readModel({ model_type: 'llama', ...size, ...heads, tie_word_embeddings: false }),
  'llama, tied': readModel({ model_type: 'llama', ...size, ...heads, tie_word_embeddings: true }),
  mistral: readModel({ model_type: 'mistral', ...size, ...heads, sliding_window: 2 }),
  qwen2: readModel({ model_type: 'qwen2', ...size, ...heads }),
  qwen3: readModel({ model_type: 'qwen3', ...size, ...heads, head_dim: 4 }),
  gpt2: readModel({ model_type: 'gpt2', vocab_size: vocabulary, n_embd: 8, n_layer: 2, n_head: 4, n_positions: 6 }),
};

function adapter(model: Model): Adapter {
  return planAdapter(model, {
    r: 2,
    loraAlpha: 4,
    loraDropout: 0.25,
    targetModules: 'all-linear',
    excludeModules: [],
    bias: 'none',
    useRslora: false,
    rankPattern: [],
    alphaPattern: [],
    layersToTransform: null,
    modulesToSave: [],
    initLoraWeights: true,
  });
}

/** A batch, and how many supervised positions each chunk of the loss has. */
const runs: readonly Sizes[] = [
  { B: 2, T: 6, S0: 4, S1: 3, S2: 2 },
  { B: 1, T: 4, S0: 3, S1: 0, S2: 0 },
  { B: 1, T: 1, S0: 0, S1: 0, S2: 0 },
];

export const families: readonly string[] = Object.keys(models);

/** One training step of a small model: all linear layers adapted with dropout, or every weight trained. */
export function trainingProgram(
  family: string,
  method: 'lora' | 'full',
  recomputation: Recomputation,
  scalesLoss = false,
): Program {
  const model = models[family]!;
  const plan = method === 'lora' ? adapter(model) : planFull(model);
  const graph = trainingGraph(model, (b) => loraLayers(b, model, plan, { dropout: true }), {
    maxLength,
    chunks,
    recomputation,
    scalesLoss,
  });
  const weights = new Map([...model.parameters].map(([name, shape]) => [name, random(name, shape)]));
  return {
    name: `${family}, ${method}, recomputed: ${recomputation}`,
    graph,
    weights: (name) => ({ kind: 'memory', data: weights.get(name)!.data as Float32Array }),
    runs: runs.map((sizes) => ({ sizes, inputs: feeds(graph, sizes) })),
  };
}

/** Of the gradients of a step whose loss is scaled. */
const lossScale = 512;

function feeds(graph: Graph, sizes: Sizes): Tensors {
  const inputs = graph.nodes.flatMap((node) => (node.op === 'input' ? [node.attributes] : []));
  return Object.fromEntries(
    inputs.map(({ name, dtype, shape }) => {
      const bound = bindShape(shape, new Map(Object.entries(sizes)));
      if (name === lossScaleInput) return [name, tensor('f32', [], [lossScale])];
      return [name, dtype === 'f32' ? random(name, bound) : tensor(dtype, bound, whole(name, bound, sizes))];
    }),
  );
}

/** Weights around 0, those of norms around 1. */
function random(name: string, shape: readonly number[]): Tensor {
  const numbers = new RandomNumbers(name);
  const centre = shape.length === 1 && name.endsWith('.weight') ? 1 : 0;
  const count = shape.reduce((product, size) => product * size, 1);
  return tensor(
    'f32',
    shape,
    Array.from({ length: count }, () => centre + 0.3 * numbers.normal()),
  );
}

/** Two examples packed into each row behind each other; supervised positions without repetition. */
function whole(name: string, shape: readonly number[], sizes: Sizes): number[] {
  const numbers = new RandomNumbers(name);
  const [kind = '', chunk] = name.split('.');
  const length = sizes['T']!;
  const second = Math.ceil(length / 2);
  const each = (number: (i: number) => number): number[] =>
    Array.from({ length: shape.reduce((product, size) => product * size, 1) }, (_, i) => number(i));
  switch (kind) {
    case 'positions':
      return each((i) => (i % length) % second);
    case 'segments':
      return each((i) => (i % length < second ? 1 : 2));
    case 'supervised':
      return each((i) => i + firstOf(Number(chunk), sizes));
    case 'dropout':
      return each(() => Number(numbers.uniform() > 0.25));
    default:
      return each(() => numbers.below(vocabulary));
  }
}

/** Number of supervised positions before a chunk. */
function firstOf(chunk: number, sizes: Sizes): number {
  return Array.from({ length: chunk }, (_, k) => sizes[`S${k}`]!).reduce((sum, size) => sum + size, 0);
}
