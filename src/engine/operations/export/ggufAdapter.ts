import { decodeGguf, readGgufRows } from '../../formats/gguf/readGgufTensor';
import { readGguf } from '../../formats/gguf/readGguf';
import { encodeGguf } from '../../formats/gguf/encode';
import { architectureName, ggufPlace, interleaved } from '../../formats/gguf/toGguf';
import { writeGguf } from '../../formats/gguf/writeGguf';
import type { GgufEntry, GgufTensorToWrite } from '../../formats/gguf/writeGguf';
import type { LoraTarget } from '../../lora/adapter';
import type { ExportFormat, ExportSource } from './exportFormat';
import { exportDiffers, exportNeedsMerge } from './failures';

/** For llama.cpp and what is built on it: used beside the same base model as GGUF. */
export const ggufAdapterFormat: ExportFormat = {
  purpose: 'one small file for llama.cpp (--lora), used beside the same base model as GGUF',
  isFolder: false,
  ending: '.lora.gguf',
  async write(source, target) {
    const tensors = adapterTensors(source);
    const metadata = new Map<string, GgufEntry>([
      ['general.architecture', { text: architectureName(source.base.model.modelType) }],
      ['general.type', { text: 'adapter' }],
      ['general.name', { text: source.name }],
      ['adapter.type', { text: 'lora' }],
      ['adapter.lora.alpha', { f32: source.config.lora_alpha }],
    ]);
    const toWrite = tensors.map(({ name, shape, data }): GgufTensorToWrite => {
      return { name, shape, type: 'F32', write: (write) => write(encodeGguf('F32', data)) };
    });
    await writeGguf(target, metadata, toWrite);
    checkSame(target, tensors);
    return [
      `Read again, all ${source.adapter.targets.length} adapted layers are the same.`,
      'In llama.cpp: llama-cli --model BASE.gguf --lora this-file. The base must be the same model, in any number format.',
    ];
  },
};

interface AdapterTensor {
  readonly name: string;
  readonly shape: readonly [number, number];
  readonly data: Float32Array;
}

/**
 * A [r, in] and B [out, r] of each layer. llama.cpp multiplies by alpha / r with one alpha for all layers; where a layer's
 * own scale is another, B carries the rest.
 * @throws Failure `export-needs-merge`
 */
function adapterTensors({ adapter, values, base, config }: ExportSource): AdapterTensor[] {
  const replaced = adapter.trainables.find(({ baseWeight }) => baseWeight !== undefined);
  if (replaced !== undefined) throw exportNeedsMerge('gguf-adapter', `a weight of its own for ${replaced.name}`);
  const { numbers, modelType } = base.model;
  return adapter.targets.flatMap((target): AdapterTensor[] => {
    if (target.kind === 'embedding' || target.path === base.model.head) {
      throw exportNeedsMerge('gguf-adapter', `an adapter on ${target.path}`);
    }
    const { path, r, inFeatures, outFeatures } = target;
    const heads = { query: numbers.heads, key: numbers.kvHeads };
    const { name, layout } = ggufPlace(modelType, `${path}.weight`, heads);
    const b = scaled(target, values.get(`${path}.lora_B.weight`)!, config.lora_alpha);
    // Conv1D's matrices lie the other way round in Hugging Face's folders only: A and B are those of a linear layer.
    const data = typeof layout === 'string' ? b : interleaved(b, outFeatures, layout.heads);
    return [
      { name: `${name}.lora_a`, shape: [r, inFeatures], data: values.get(`${path}.lora_A.weight`)! },
      { name: `${name}.lora_b`, shape: [outFeatures, r], data },
    ];
  });
}

function scaled({ scaling, r }: LoraTarget, b: Float32Array, alpha: number): Float32Array {
  const factor = scaling / (alpha / r);
  return factor === 1 ? b : b.map((value) => factor * value);
}

/** @throws Failure `export-differs` */
function checkSame(file: string, written: readonly AdapterTensor[]): void {
  const { tensors } = readGguf(file);
  for (const { name, data } of written) {
    const stored = tensors.get(name);
    const read = stored === undefined ? undefined : decodeGguf(stored.type, readGgufRows(file, stored));
    if (read === undefined || !data.every((value, i) => value === read[i])) throw exportDiffers('gguf-adapter', name);
  }
}
