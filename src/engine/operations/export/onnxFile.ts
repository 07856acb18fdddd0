import path from 'node:path';
import { writeFileAtomically } from '../../formats/atomicFile';
import { storedBytes } from '../../formats/safetensors';
import type { StreamedTensor } from '../../formats/safetensors';
import { frameModel } from '../../runtime/onnx/proto';
import type { OnnxInitializer, OnnxModel } from '../../runtime/onnx/proto';
import type { WeightSource } from '../../runtime/runtime';

/** As Transformers.js and Optimum call them. */
export const modelName = 'model.onnx';
export const dataName = 'model.onnx_data';

/** External data that other programs map must begin at pages, on Windows at 64 KiB. */
const alignment = 65_536;

/**
 * Writes a model whose weights are streamed: into the file itself, or where they take more than `largest` bytes into
 * another one beside it.
 * @param modelOf the model with its weights where a source says they lie
 * @returns whether the weights lie beside the model
 * @throws Failure as `writeFileAtomically`
 */
export async function writeOnnx(
  folder: string,
  modelOf: (weights: WeightSource) => OnnxModel,
  tensors: readonly StreamedTensor[],
  largest: number,
): Promise<boolean> {
  const places = placesOf(tensors);
  const model = modelOf((name) => {
    const place = places.get(name);
    if (place === undefined) throw new Error(`The merged model has no weight ${name}`);
    return { kind: 'file', file: dataName, offset: place.offset, byteLength: place.bytes, dtype: 'f32' };
  });
  const isWeight = ({ data }: OnnxInitializer): boolean => !(data instanceof Uint8Array);
  const isApart = tensors.reduce((sum, tensor) => sum + storedBytes(tensor), 0) > largest;
  if (isApart) {
    await writeData(path.join(folder, dataName), [...places.values()]);
    const { start } = frameModel(model, []);
    await writeFileAtomically(path.join(folder, modelName), start);
    return true;
  }
  const weights = model.initializers.filter(isWeight);
  const small = { ...model, initializers: model.initializers.filter((initializer) => !isWeight(initializer)) };
  const framed = weights.map(({ name, type, shape }) => ({ name, type, shape, byteLength: places.get(name)!.bytes }));
  const { start, headers } = frameModel(small, framed);
  await writeFileAtomically(path.join(folder, modelName), async (write) => {
    await write(start);
    for (const [i, { name }] of framed.entries()) {
      await write(headers[i]!);
      await places.get(name)!.tensor.write(write);
    }
  });
  return false;
}

interface Placed {
  readonly tensor: StreamedTensor;
  readonly offset: number;
  readonly bytes: number;
}

function placesOf(tensors: readonly StreamedTensor[]): ReadonlyMap<string, Placed> {
  const places = new Map<string, Placed>();
  let end = 0;
  for (const tensor of tensors) {
    const [offset, bytes] = [Math.ceil(end / alignment) * alignment, storedBytes(tensor)];
    places.set(tensor.name, { tensor, offset, bytes });
    end = offset + bytes;
  }
  return places;
}

async function writeData(file: string, places: readonly Placed[]): Promise<void> {
  await writeFileAtomically(file, async (write) => {
    let written = 0;
    for (const { tensor, offset, bytes } of places) {
      await write(new Uint8Array(offset - written));
      await tensor.write(write);
      written = offset + bytes;
    }
  });
}
