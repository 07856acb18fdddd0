import { writeFileSync } from 'node:fs';
import { randomStream } from '../../random/randomStream';
import { blockForm, encodeBlocks } from '../formats/blocks';
import type { BlockFormat } from '../formats/blocks';
import { unpackWhereUsed } from '../graph/packedWeights';
import { bindShape } from '../graph/shape';
import { halfPrecision } from '../graph/halfPrecision';
import type { Graph } from '../graph/types';
import { verify } from '../graph/verify';
import { planAdapter } from '../lora/adapter';
import { loraLayers } from '../lora/layers';
import { readModel } from '../models/families';
import { f32, halfDtype, i32 } from '../runtime/runtime';
import type { HalfPrecision, Tensor, Tensors, WeightData, WeightSource } from '../runtime/runtime';
import { readWeight } from '../runtime/weightValues';
import { lossScaleInput, trainingGraph } from '../train/trainingGraph';

/** A training step of a small model that knows nothing: the same graph that a run computes. */
export interface ProbeStep {
  readonly graph: Graph;
  readonly weights: WeightSource;
  readonly inputs: Tensors;
}

/** Sizes of a step: two rows of `length` tokens. */
interface StepSize {
  readonly hidden: number;
  readonly intermediate: number;
  readonly layers: number;
  readonly vocabulary: number;
  readonly length: number;
}

const rows = 2;
const chunks = 2;

/** Small enough to be compared number by number. Its second chunk of the loss is empty, as in most steps of a run. */
export const numbersStep: StepSize = { hidden: 64, intermediate: 96, layers: 2, vocabulary: 101, length: 12 };
/** Large enough to be the work of a run: some billion multiplications. */
export const speedStep: StepSize = { hidden: 512, intermediate: 1376, layers: 1, vocabulary: 2048, length: 128 };

/** LLaMA with grouped queries and adapters on all layers. */
export function probeStep(
  { hidden, intermediate, layers, vocabulary, length }: StepSize,
  scalesLoss = false,
): ProbeStep {
  const model = readModel({
    model_type: 'llama',
    vocab_size: vocabulary,
    hidden_size: hidden,
    intermediate_size: intermediate,
    num_hidden_layers: layers,
    num_attention_heads: 8,
    num_key_value_heads: 4,
    tie_word_embeddings: true,
  });
  const adapter = planAdapter(model, {
    r: 8,
    loraAlpha: 16,
    loraDropout: 0,
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
  const graph = trainingGraph(model, (b) => loraLayers(b, model, adapter, { dropout: false }), {
    maxLength: length,
    chunks,
    recomputation: 'cheap',
    scalesLoss,
  });
  const weights = new Map<string, Float32Array>();
  for (const [name, shape] of model.parameters) weights.set(name, numbers(name, shape));
  const symbols = new Map([
    ['B', rows],
    ['T', length],
    ['S0', rows * (length - 1)],
    ['S1', 0],
  ]);
  return { graph, weights: (name) => ({ kind: 'memory', data: weights.get(name)! }), inputs: inputs(graph, symbols) };
}

/** The step of {@link numbersStep} that a run in half precision computes, and the same one in single precision. */
export function halfStep(precision: HalfPrecision): { readonly half: ProbeStep; readonly single: ProbeStep } {
  const single = probeStep(numbersStep, true);
  const graph = verify(halfPrecision(single.graph, halfDtype(precision)), 'halfPrecision');
  return { half: { ...single, graph }, single };
}

/**
 * The step of {@link numbersStep} with the matrices of its layers in blocks, which are written to the file `to`. What is
 * quantized before is what a step computes with, so any runtime gives the same numbers.
 */
export function blockStep(format: BlockFormat, to: string): ProbeStep {
  const single = probeStep(numbersStep);
  const held = new Map<string, WeightData>();
  const parts: Uint8Array[] = [];
  let end = 0;
  const add = (part: Uint8Array): number => {
    parts.push(part);
    end += part.length;
    return end - part.length;
  };
  const isHeld = (name: string): boolean => name.endsWith('_proj.weight');
  for (const node of single.graph.nodes) {
    if (node.op !== 'weight' || !isHeld(node.attributes.name)) continue;
    const { name } = node.attributes;
    const values = readWeight(single.weights(name));
    const { codes, scales } = encodeBlocks(format, values);
    const places = { codes: add(codes), scales: add(new Uint8Array(scales.buffer)) };
    held.set(name, { kind: 'blocks', form: blockForm(format), file: to, count: values.length, ...places });
  }
  writeFileSync(to, Buffer.concat(parts));
  const graph = verify(unpackWhereUsed(single.graph, isHeld), 'unpackWhereUsed');
  return { ...single, graph, weights: (name) => held.get(name) ?? single.weights(name) };
}

/** Gradients of a thousand times the mean loss, about: small ones can be told from 0, and large ones are not infinite. */
const lossScale = 64;

function inputs(graph: Graph, symbols: ReadonlyMap<string, number>): Tensors {
  const length = symbols.get('T')!;
  const given: Record<string, Tensor> = {};
  for (const node of graph.nodes) {
    if (node.op !== 'input') continue;
    const { name, dtype } = node.attributes;
    const shape = bindShape(node.attributes.shape, symbols);
    if (name === lossScaleInput) given[name] = f32(Float32Array.of(lossScale), shape);
    else if (dtype === 'f32') given[name] = f32(numbers(name, shape), shape);
    else given[name] = i32(whole(name, count(shape), length), shape);
  }
  return given;
}

/** Numbers as a trained model has them: weights around 0, those of norms around 1. */
function numbers(name: string, shape: readonly number[]): Float32Array {
  const random = randomStream(1, name);
  const isNorm = shape.length === 1;
  const spread = 1 / Math.sqrt(shape.at(-1) ?? 1);
  return Float32Array.from({ length: count(shape) }, () =>
    isNorm ? 1 + 0.1 * random.normal() : spread * random.normal(),
  );
}

/** Tokens and labels at random; two texts behind each other in each row. */
function whole(name: string, size: number, length: number): Int32Array {
  const random = randomStream(2, name);
  const second = length / 2;
  return Int32Array.from({ length: size }, (_, i) => {
    const place = i % length;
    if (name === 'positions') return place % second;
    if (name === 'segments') return place < second ? 1 : 2;
    return name.startsWith('supervised.') ? i : random.uint32() % 97;
  });
}

function count(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}
