import { layOut } from '../data/layout';
import type { LayoutOptions } from '../data/layout';
import type { BaseModel } from '../facts/baseModel';
import { countParameters } from '../models/model';
import type { GraphBuilder } from '../graph/builder';
import { halfPrecision } from '../graph/halfPrecision';
import { unpackWhereUsed } from '../graph/packedWeights';
import type { Graph } from '../graph/types';
import { verify } from '../graph/verify';
import type { Adapter } from '../lora/adapter';
import { loraLayers } from '../lora/layers';
import type { LoraLayers } from '../lora/layers';
import { halfDtype } from '../runtime/runtime';
import type { Precision, Runtime, WeightData, WeightSource } from '../runtime/runtime';
import type { CompiledLoss } from '../train/optimizerStep';
import { chunkRows, evaluationGraph, logitsGraph, trainingGraph } from '../train/trainingGraph';
import type { Recomputation } from '../train/trainingGraph';
import type { Executable } from '../runtime/runtime';

/** Rows at once, their longest length, and where the computation runs. */
export interface LossOptions {
  readonly batchSize: number;
  readonly maxLength: number;
  /** `fp32` if left out. */
  readonly precision?: Precision;
}

const fileDtypes = { F32: 'f32', F16: 'f16', BF16: 'bf16' } as const;

/** The base model's weights where they lie in its files; `replaced` come from memory instead (PiSSA, OLoRA). */
export function weightSource(base: BaseModel, replaced: ReadonlyMap<string, Float32Array> = new Map()): WeightSource {
  return (name) => {
    const data = replaced.get(name);
    if (data !== undefined) return { kind: 'memory', data };
    const entry = base.weights.get(name) ?? base.weights.get(base.model.tied.get(name) ?? name);
    if (entry === undefined) throw new Error(`${base.model.modelType} has no weight ${name}`);
    const { file, offset, byteLength, dtype } = entry;
    return { kind: 'file', file, offset, byteLength, dtype: fileDtypes[dtype as keyof typeof fileDtypes] };
  };
}

/** Graph and dropout inputs of a training step; `isPacked` says which weights are widened where they are used. */
export function buildTraining(
  base: Pick<BaseModel, 'model'>,
  adapter: Adapter,
  options: LossOptions & { readonly recomputation: Recomputation },
  isPacked: (name: string) => boolean = () => false,
): { graph: Graph; layers: LoraLayers; chunks: number; rows: number } {
  const { chunks, rows } = chunking(base, options);
  let layers: LoraLayers | undefined;
  const layersOn = (b: GraphBuilder): LoraLayers => (layers = loraLayers(b, base.model, adapter, { dropout: true }));
  const { maxLength, recomputation, precision = 'fp32' } = options;
  // bf16 has the range of fp32: no gradient is too small for it.
  const scalesLoss = precision === 'fp16';
  const graph = trainingGraph(base.model, layersOn, { maxLength, chunks, recomputation, scalesLoss });
  return { graph: inPrecision(unpacking(graph, isPacked), precision), layers: layers!, chunks, rows };
}

export async function compileTraining(
  runtime: Runtime,
  base: BaseModel,
  adapter: Adapter,
  options: LossOptions & { readonly recomputation: Recomputation },
  weights: WeightSource,
): Promise<CompiledLoss> {
  const isPacked = packedOn(runtime, weights, whileTraining(options));
  const { graph, layers, chunks, rows } = buildTraining(base, adapter, options, isPacked);
  const executable = await runtime.compile(graph, weights);
  return { executable, chunks, chunkRows: rows, dropoutInputs: layers.dropoutInputs, ...layout(base, options) };
}

export async function compileEvaluation(
  runtime: Runtime,
  base: BaseModel,
  adapter: Adapter | undefined,
  options: LossOptions,
  weights: WeightSource,
): Promise<CompiledLoss> {
  const { chunks, rows } = chunking(base, options);
  const { maxLength, precision = 'fp32' } = options;
  const single = evaluationGraph(base.model, inferenceLayers(base, adapter), { maxLength, chunks });
  const unpacked = unpacking(single, packedOn(runtime, weights, whileTraining(options)));
  const executable = await runtime.compile(inPrecision(unpacked, precision), weights);
  return { executable, chunks, chunkRows: rows, dropoutInputs: [], ...layout(base, options) };
}

export async function compileLogits(
  runtime: Runtime,
  base: BaseModel,
  adapter: Adapter | undefined,
  maxLength: number,
  weights: WeightSource,
  packing: Packing = blocksOnly,
): Promise<Executable> {
  const graph = logitsGraph(base.model, inferenceLayers(base, adapter), maxLength);
  return runtime.compile(packed(graph, runtime, weights, packing), weights);
}

export type Packing = (data: WeightData) => boolean;
/** A text grows by one token at a time, for which widening a half-precision matrix takes longer than its product. */
export const blocksOnly: Packing = ({ kind }) => kind === 'blocks';
/** While a run goes on, memory counts more. */
export const halfAndBlocks: Packing = (data) =>
  data.kind === 'blocks' || (data.kind === 'file' && data.dtype !== 'f32');

/** The graph as it computes in a precision. */
export function inPrecision(graph: Graph, precision: Precision): Graph {
  const half = halfDtype(precision);
  return half === undefined ? graph : verify(halfPrecision(graph, half), 'halfPrecision');
}

/** In half precision graphs read matrices of 16 bits as they are. */
function whileTraining({ precision = 'fp32' }: LossOptions): Packing {
  return precision === 'fp32' ? halfAndBlocks : blocksOnly;
}

/** The graph in which matrices that are held in fewer bits are widened where they are used. */
export function packed(graph: Graph, runtime: Pick<Runtime, 'device'>, weights: WeightSource, packing: Packing): Graph {
  return unpacking(graph, packedOn(runtime, weights, packing));
}

/** GPUs widen matrices of 16 bits once, when a graph is compiled. */
function packedOn(
  { device }: Pick<Runtime, 'device'>,
  weights: WeightSource,
  packing: Packing,
): (name: string) => boolean {
  const wanted = device === 'cpu' ? packing : blocksOnly;
  return (name) => wanted(weights(name));
}

function unpacking(graph: Graph, isPacked: (name: string) => boolean): Graph {
  return verify(unpackWhereUsed(graph, isPacked), 'unpackWhereUsed');
}

const nothingAdapted: Adapter = {
  method: 'lora',
  targets: [],
  matches: [],
  unused: [],
  modulesToSave: [],
  trainableBiases: [],
  dropout: 0,
  initLoraWeights: true,
  trainables: [],
};

export function inferenceLayers(base: BaseModel, adapter: Adapter | undefined) {
  return (b: GraphBuilder): LoraLayers => loraLayers(b, base.model, adapter ?? nothingAdapted, { dropout: false });
}

function chunking(
  base: Pick<BaseModel, 'model'>,
  { batchSize, maxLength }: LossOptions,
): { chunks: number; rows: number } {
  const rows = chunkRows(base.model.vocabSize);
  return { rows, chunks: Math.max(1, Math.ceil((batchSize * maxLength) / rows)) };
}

function layout(base: BaseModel, options: LossOptions): Pick<CompiledLoss, 'layOut'> {
  const given = layoutOptions(base, options);
  return { layOut: ({ bins }) => layOut(bins, given) };
}

/** Costs of the layout in multiplications: a token passes every weight, a pair of tokens every layer's two products. */
export function layoutOptions(
  { model }: Pick<BaseModel, 'model'>,
  { batchSize, maxLength }: LossOptions,
): LayoutOptions {
  const tokenCost = countParameters(model) - model.vocabSize * model.hiddenSize;
  const attentionCost = 2 * model.blocks * model.hiddenSize;
  return { batchSize, maxLength, tokenCost, attentionCost };
}
