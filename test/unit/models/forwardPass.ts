import assert from 'node:assert/strict';
import type { TensorEntry } from '../../../src/engine/formats/safetensors';
import { readTensor } from '../../../src/engine/formats/safetensors';
import { GraphBuilder } from '../../../src/engine/graph/builder';
import type { Graph, Value } from '../../../src/engine/graph/types';
import { verify } from '../../../src/engine/graph/verify';
import type { Model } from '../../../src/engine/models/model';
import { plainLayers } from '../../../src/engine/models/model';
import { locateWeights } from '../../../src/engine/models/weights';
import { OnnxRuntime } from '../../../src/engine/runtime/onnx/onnxRuntime';
import type { Runtime, Tensors, WeightData, WeightSource } from '../../../src/engine/runtime/runtime';
import { floats, i32 } from '../../../src/engine/runtime/runtime';
import type { StoredInputs } from './fixtures';

const dtypes = { F32: 'f32', F16: 'f16', BF16: 'bf16' } as const;

/** Reads `ids`, `positions`, `segments` (i32 [B, T]) and `rows` (i32 [R]), gives `logits` [R, vocabulary]. */
export function forwardGraph(model: Model, maxLength: number): Graph {
  const b = new GraphBuilder();
  const tokens = (name: string): Value => b.input(name, 'i32', ['B', 'T']);
  const inputs = { ids: tokens('ids'), positions: tokens('positions'), segments: tokens('segments'), maxLength };
  const layers = plainLayers(b, model);
  const rows = b.gather(model.hidden(layers, inputs), b.input('rows', 'i32', ['R']));
  return verify(b.finish({ logits: model.logits(layers, rows) }), 'forward');
}

export interface Computed {
  readonly model: Model;
  readonly tensors: ReadonlyMap<string, TensorEntry>;
  readonly inputs: StoredInputs;
  /** onnxruntime, unless another is given, which then gets the weights from memory. */
  readonly runtime?: Runtime;
}

/** The logits [rows, vocabulary] of a model whose weights lie among `tensors`. */
export async function computeLogits({ model, tensors, inputs, runtime }: Computed): Promise<Float32Array> {
  const located = locateWeights(model, tensors);
  const weights = runtime === undefined ? inFiles(located) : await inMemory(located);
  const { shape, ids, positions, segments, rows } = inputs;
  const graph = forwardGraph(model, shape[1]!);
  const executable = await (runtime ?? new OnnxRuntime({ threads: 2 })).compile(graph, weights);
  const feeds: Tensors = {
    ids: i32(Int32Array.from(ids), shape),
    positions: i32(Int32Array.from(positions), shape),
    segments: i32(Int32Array.from(segments), shape),
    rows: i32(Int32Array.from(rows), [rows.length]),
  };
  const logits = floats(await executable.run(feeds), 'logits');
  await executable.dispose();
  return logits;
}

/** Where the weights lie in their files, as training reads them. */
function inFiles(located: ReadonlyMap<string, TensorEntry>): WeightSource {
  return (name) => {
    const { file, offset, byteLength, dtype } = located.get(name)!;
    return { kind: 'file', file, offset, byteLength, dtype: dtypes[dtype as keyof typeof dtypes] };
  };
}

async function inMemory(located: ReadonlyMap<string, TensorEntry>): Promise<WeightSource> {
  const read = new Map<string, WeightData>();
  for (const [name, entry] of located) read.set(name, { kind: 'memory', data: await readTensor(entry) });
  return (name) => read.get(name)!;
}

/** Asserts that no number differs by more than `tolerance`. */
export function assertNear(actual: ArrayLike<number>, expected: ArrayLike<number>, tolerance: number): void {
  assert.equal(actual.length, expected.length);
  for (let i = 0; i < expected.length; i++) {
    const [x, y] = [actual[i]!, expected[i]!];
    assert.ok(Math.abs(x - y) <= tolerance, `number ${i} is ${x}, expected ${y}`);
  }
}
