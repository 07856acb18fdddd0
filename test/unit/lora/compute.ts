import { GraphBuilder } from '../../../src/engine/graph/builder';
import type { Graph } from '../../../src/engine/graph/types';
import { verify } from '../../../src/engine/graph/verify';
import type { Adapter } from '../../../src/engine/lora/adapter';
import type { DropoutInput } from '../../../src/engine/lora/layers';
import { loraLayers } from '../../../src/engine/lora/layers';
import type { Layers, Model } from '../../../src/engine/models/model';
import { plainLayers } from '../../../src/engine/models/model';
import { OnnxRuntime } from '../../../src/engine/runtime/onnx/onnxRuntime';
import type { Tensors } from '../../../src/engine/runtime/runtime';
import { bool, f32, floats, i32 } from '../../../src/engine/runtime/runtime';
import { randomStream } from '../../../src/random/randomStream';

/** Numbers by name. */
export type Values = ReadonlyMap<string, Float32Array>;

/** Two rows of three words. */
const ids = [3, 0, 5, 5, 1, 2];

/** The same numbers for the same name and seed, normal with deviation 0.5. */
export function randomValues(shapes: Iterable<readonly [name: string, shape: readonly number[]]>, seed = 1): Values {
  return new Map(
    [...shapes].map(([name, shape]) => {
      const random = randomStream(seed, name);
      const length = shape.reduce((product, size) => product * size, 1);
      return [name, Float32Array.from({ length }, () => 0.5 * random.normal())];
    }),
  );
}

export function randomTensors(adapter: Adapter): Values {
  return randomValues(
    adapter.trainables.map(({ name, shape }) => [name, shape]),
    2,
  );
}

/** The graph from ids to logits, which tests may also look at. */
export function logitsGraph(model: Model, layersOn: (b: GraphBuilder) => Layers): Graph {
  const b = new GraphBuilder();
  const given = (name: string) => b.input(name, 'i32', ['B', 'T']);
  const inputs = { ids: given('ids'), positions: given('positions'), segments: given('segments'), maxLength: 8 };
  const layers = layersOn(b);
  return verify(b.finish({ logits: model.logits(layers, model.hidden(layers, inputs)) }), 'forward');
}

/** Logits of the model without an adapter. */
export function plainLogits(model: Model, weights: Values): Promise<Float32Array> {
  return run(
    model,
    weights,
    logitsGraph(model, (b) => plainLayers(b, model)),
    {},
  );
}

/** Logits with an adapter; with `mask` under dropout. */
export function adaptedLogits(
  model: Model,
  weights: Values,
  adapter: Adapter,
  tensors: Values,
  mask?: (input: DropoutInput) => readonly number[],
): Promise<Float32Array> {
  let dropoutInputs: readonly DropoutInput[] = [];
  const graph = logitsGraph(model, (b) => {
    const layers = loraLayers(b, model, adapter, { dropout: mask !== undefined });
    ({ dropoutInputs } = layers);
    return layers;
  });
  const trained = adapter.trainables.map(({ name, shape }) => [name, f32(tensors.get(name)!, shape)] as const);
  const masks = dropoutInputs.map((input) => {
    const values = Uint8Array.from(mask!(input));
    return [input.name, bool(values, [ids.length, input.features])] as const;
  });
  return run(model, weights, graph, Object.fromEntries<Tensors[string]>([...trained, ...masks]));
}

async function run(model: Model, weights: Values, graph: Graph, inputs: Tensors): Promise<Float32Array> {
  const executable = await new OnnxRuntime({ threads: 1 }).compile(graph, (name) => {
    const data = weights.get(name) ?? weights.get(model.tied.get(name) ?? name);
    if (data === undefined) throw new Error(`The model has no weight ${name}`);
    return { kind: 'memory', data };
  });
  const rows = (values: readonly number[]) => i32(Int32Array.from(values), [2, 3]);
  try {
    const results = await executable.run({
      ids: rows(ids),
      positions: rows([0, 1, 2, 0, 1, 2]),
      segments: rows([1, 1, 1, 1, 1, 1]),
      ...inputs,
    });
    return floats(results, 'logits');
  } finally {
    await executable.dispose();
  }
}
