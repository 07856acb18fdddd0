import type { GraphBuilder } from '../graph/builder';
import { multiplyDims } from '../graph/shape';
import type { Value } from '../graph/types';
import { plainLayers } from '../models/model';
import type { Layers, Model, Module } from '../models/model';
import type { Adapter, LoraTarget } from './types';

/**
 * Several adapters on one model, their ranks beside each other: with A = [A₁; A₂; …] and B = [s₁B₁, s₂B₂, …] each row of
 * a batch takes W x + B(w ∘ A x), where w is 1 at the ranks of its adapter and 0 at those of others. So rows with
 * different adapters, with none, or with a weighted sum of several are read in one run; and each gets exactly its own.
 */
export interface StackedAdapter {
  /** Of the largest of its modules; smaller ones are filled with zeros. */
  readonly rank: number;
  readonly modules: ReadonlyMap<string, StackedModule>;
}

interface StackedModule {
  /** A [rank, in]; of an embedding its transpose [in, rank] */
  readonly a: Float32Array;
  /** scaling · Bᵀ [rank, out] */
  readonly b: Float32Array;
  readonly target: LoraTarget;
}

/** Whether an adapter is nothing but low-rank updates: what replaces weights of the model cannot be chosen by row. */
export function canBeStacked({ method, trainables }: Adapter): boolean {
  return method === 'lora' && trainables.every(({ target }) => target !== undefined);
}

/** @param tensors by the names of the adapter's trainables */
export function stackable(adapter: Adapter, tensors: ReadonlyMap<string, Float32Array>): StackedAdapter {
  const rank = adapter.targets.reduce((largest, { r }) => Math.max(largest, r), 1);
  const modules = new Map<string, StackedModule>();
  for (const target of adapter.targets) {
    const { path, kind, r, inFeatures, outFeatures, scaling } = target;
    const isEmbedding = kind === 'embedding';
    const ending = isEmbedding ? ['lora_embedding_A', 'lora_embedding_B'] : ['lora_A.weight', 'lora_B.weight'];
    const [A, B] = ending.map((name) => tensors.get(`${path}.${name}`)!);
    const a = new Float32Array(rank * inFeatures);
    if (!isEmbedding) a.set(A!);
    else for (let i = 0; i < inFeatures; i++) for (let k = 0; k < r; k++) a[i * rank + k] = A![k * inFeatures + i]!;
    const b = new Float32Array(rank * outFeatures);
    for (let out = 0; out < outFeatures; out++) {
      for (let k = 0; k < r; k++) b[k * outFeatures + out] = scaling * B![out * r + k]!;
    }
    modules.set(path, { a, b, target });
  }
  return { rank, modules };
}

const inputName = (path: string, side: 'A' | 'B'): string => `stack.${path}.${side}`;
const sharesName = 'stack.shares';

/**
 * The layers of a model with a place for adapters at each of `paths`. Inputs of the graph: `stack.<path>.A` [L, in] (of
 * an embedding [rows, L]) and `stack.<path>.B` [L, out] for each of them, and `stack.shares` [B, L].
 * The head is asked about the tokens `rows` (i32 [R]) of B·T.
 */
export function stackedLayers(b: GraphBuilder, model: Model, paths: ReadonlySet<string>): Layers {
  if (paths.size === 0) return plainLayers(b, model);
  const byRow = b.reshape(b.input(sharesName, 'f32', ['B', 'L']), ['B', 1, 'L']);
  const shares = b.reshape(b.expand(byRow, ['B', 'T', 'L']), [multiplyDims('B', 'T'), 'L']);
  return lowRankLayers(b, model, paths, {
    matrix: (name, rows, columns) => b.input(name, 'f32', [rows ?? 'L', columns ?? 'L']),
    shared: (path, low) => b.mul(low, path === model.head ? b.gather(shares, b.input('rows', 'i32', ['R'])) : shares),
  });
}

/**
 * The layers of a model with the same adapters for every row, of `rank` together: their matrices are weights of the
 * graph by the names of the inputs of {@link stackedLayers}, so that no run hands them over.
 */
export function heldStackLayers(b: GraphBuilder, model: Model, paths: ReadonlySet<string>, rank: number): Layers {
  return lowRankLayers(b, model, paths, {
    matrix: (name, rows, columns) => b.weight(name, [rows ?? rank, columns ?? rank]),
    shared: (_, low) => low,
  });
}

interface Stack {
  /** A matrix by its name; a side that is left out is the rank. */
  matrix(name: string, rows: number | undefined, columns: number | undefined): Value;
  /** What counts of A x [tokens, L]. */
  shared(path: string, low: Value): Value;
}

function lowRankLayers(b: GraphBuilder, model: Model, paths: ReadonlySet<string>, stack: Stack): Layers {
  const plain = plainLayers(b, model);
  const modules = new Map(model.modules.map((module) => [module.path, module]));
  const changed = (path: string, base: Value, low: Value): Value => {
    const B = stack.matrix(inputName(path, 'B'), undefined, base.shape[1] as number);
    return b.add(base, b.matmul(stack.shared(path, low), B));
  };
  return {
    ...plain,
    linear: (path, x) => {
      const base = plain.linear(path, x);
      if (!paths.has(path)) return base;
      const A = stack.matrix(inputName(path, 'A'), undefined, x.shape[1] as number);
      return changed(path, base, b.matmul(x, A, { transposeB: true }));
    },
    embedding: (path, ids) => {
      const base = plain.embedding(path, ids);
      const module = modules.get(path);
      if (!paths.has(path) || module?.kind !== 'embedding') return base;
      const A = stack.matrix(inputName(path, 'A'), module.rows, undefined);
      return changed(path, base, b.gather(A, ids));
    },
  };
}

/** The adapter that changes `weight` times as much: B is linear in it. */
export function strengthened({ rank, modules }: StackedAdapter, weight: number): StackedAdapter {
  if (weight === 1) return { rank, modules };
  const scaled = [...modules].map(
    ([path, module]) => [path, { ...module, b: module.b.map((value) => weight * value) }] as const,
  );
  return { rank, modules: new Map(scaled) };
}

/** An input of a graph with {@link stackedLayers}. */
export interface StackInput {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/** The inputs for some adapters at once, except the shares. Of no adapters: a rank that does nothing. */
export function stackInputs(
  model: Model,
  paths: ReadonlySet<string>,
  adapters: readonly StackedAdapter[],
): Record<string, StackInput> {
  const rank = stackRank(adapters);
  const inputs: Record<string, StackInput> = {};
  for (const module of model.modules) {
    const sizes = sizesOf(module);
    if (sizes === undefined || !paths.has(module.path)) continue;
    const [inside, outside] = sizes;
    const isEmbedding = module.kind === 'embedding';
    const parts = adapters.map((adapter) => ({ rank: adapter.rank, module: adapter.modules.get(module.path) }));
    const a = isEmbedding ? columns(rank, inside, parts) : rows(rank, inside, parts, 'a');
    inputs[inputName(module.path, 'A')] = { shape: isEmbedding ? [inside, rank] : [rank, inside], data: a };
    inputs[inputName(module.path, 'B')] = { shape: [rank, outside], data: rows(rank, outside, parts, 'b') };
  }
  return inputs;
}

/** What goes in and what comes out; `undefined` where no adapter lies around a module. */
function sizesOf(module: Module): readonly [inside: number, outside: number] | undefined {
  if (module.kind === 'embedding') return [module.rows, module.features];
  if (module.kind === 'linear' || module.kind === 'conv1d') return [module.inFeatures, module.outFeatures];
  return undefined;
}

type Parts = readonly { readonly rank: number; readonly module: StackedModule | undefined }[];

function rows(rank: number, width: number, parts: Parts, side: 'a' | 'b'): Float32Array {
  const [only] = parts;
  if (parts.length === 1 && only!.module !== undefined) return only!.module[side];
  const data = new Float32Array(rank * width);
  let start = 0;
  for (const part of parts) {
    if (part.module !== undefined) data.set(part.module[side], start * width);
    start += part.rank;
  }
  return data;
}

function columns(rank: number, height: number, parts: Parts): Float32Array {
  const data = new Float32Array(height * rank);
  let start = 0;
  for (const { rank: width, module } of parts) {
    for (let i = 0; module !== undefined && i < height; i++) {
      data.set(module.a.subarray(i * width, (i + 1) * width), i * rank + start);
    }
    start += width;
  }
  return data;
}

/** Ranks of all adapters together; at least one, so that no product is over nothing. */
export function stackRank(adapters: readonly StackedAdapter[]): number {
  return Math.max(
    1,
    adapters.reduce((sum, { rank }) => sum + rank, 0),
  );
}

/** What the matrices of adapters take beside each other, before they are laid there. */
export function stackBytes(adapters: readonly StackedAdapter[]): number {
  const widths = new Map<string, number>();
  for (const { rank, modules } of adapters) {
    for (const [path, { a, b }] of modules) widths.set(path, (a.length + b.length) / rank);
  }
  const width = [...widths.values()].reduce((sum, each) => sum + each, 0);
  return stackRank(adapters) * width * Float32Array.BYTES_PER_ELEMENT;
}

/**
 * The shares of a batch's rows, by the name of their input.
 * @param weights for each row how much each of `adapters` counts in it
 */
export function stackShares(
  adapters: readonly StackedAdapter[],
  weights: readonly (readonly number[])[],
): Record<string, StackInput> {
  const rank = stackRank(adapters);
  const data = new Float32Array(weights.length * rank);
  weights.forEach((own, row) => {
    let start = row * rank;
    adapters.forEach((adapter, i) => {
      data.fill(own[i] ?? 0, start, start + adapter.rank);
      start += adapter.rank;
    });
  });
  return { [sharesName]: { shape: [weights.length, rank], data } };
}
