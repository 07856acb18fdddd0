import { copyFile, mkdir } from 'node:fs/promises';
import path from 'node:path';
import { tokenizerSource } from '../../facts/baseModel';
import type { BaseModel } from '../../facts/baseModel';
import { writeFileAtomically } from '../../formats/atomicFile';
import type { JsonObject } from '../../formats/jsonFile';
import { tokenizerFilesOf, tokenizerJsonOf } from '../../formats/modelFolder';
import { portableDecodingGraph } from '../../generate/decodingGraph';
import { changesBase } from '../../lora/initialize';
import { plainLayers } from '../../models/model';
import type { Model } from '../../models/model';
import { pastNames, portableModel } from '../../runtime/onnx/portableModel';
import type { DecoderSizes } from '../../runtime/onnx/portableModel';
import { openPortable } from '../../runtime/onnx/portableSession';
import { formatPercent } from '../../../run/format';
import type { MergeProof } from '../../../run/merge';
import { adapterStartsInsideBase } from '../merge/failures';
import { mergedTensors } from '../merge/mergedTensors';
import type { MergedTensors } from '../merge/mergedTensors';
import { proveWritten } from '../merge/proveMerge';
import type { ExportFormat, ExportSource } from './exportFormat';
import { exportDiffers } from './failures';
import { dataName, modelName, writeOnnx } from './onnxFile';

/** A file of protobuf cannot be larger than 2 GiB: from here on weights lie beside the model. */
const largestFile = 2_000_000_000;

/** For Transformers.js, in Node and in browsers. @param largest bytes of weights that are still put into the model's file */
export function onnxFormatWith(largest: number): ExportFormat {
  return {
    purpose: 'base model and adapter as one model for Transformers.js (ONNX, 32 bits), in Node and in browsers',
    isFolder: true,
    ending: '-onnx',
    marker: 'config.json',
    async write(source, target) {
      const { base, folder, adapter, values, signal } = source;
      if (changesBase(adapter)) throw adapterStartsInsideBase(folder, String(adapter.initLoraWeights));
      await tokenizerSource(base);
      const merged = mergedTensors(base, { adapter, values }, 'F32', () => signal.throwIfAborted());
      const model = untied(base.model, merged);
      const graph = portableDecodingGraph(model, (b) => plainLayers(b, model), pastNames);
      await mkdir(path.join(target, 'onnx'));
      const isApart = await writeOnnx(
        path.join(target, 'onnx'),
        (weights) => portableModel(graph, weights, sizesOf(model)),
        merged.tensors,
        largest,
      );
      await writeSmallFiles(target, base, merged, isApart);
      const proof = await proveFile(source, path.join(target, 'onnx', modelName));
      return notesOf(proof, isApart);
    },
  };
}

export const onnxFormat: ExportFormat = onnxFormatWith(largestFile);

function sizesOf({ blocks, kvHeads, headSize, vocabSize }: Model): DecoderSizes {
  return { blocks, kvHeads, headSize, vocabSize };
}

/** What the adapter changes of two modules with one weight has become a weight of its own. */
function untied(model: Model, { untied: pairs }: MergedTensors): Model {
  const apart = new Map(pairs);
  return {
    ...model,
    tied: new Map([...model.tied].filter(([alias]) => !apart.has(alias))),
    parameters: new Map([
      ...model.parameters,
      ...pairs.map(([alias, weight]) => [alias, model.parameters.get(weight)!] as const),
    ]),
  };
}

/** @throws Failure `export-differs` */
async function proveFile({ base, adapter, values, signal }: ExportSource, file: string): Promise<MergeProof> {
  const open = () => openPortable(file, sizesOf(base.model));
  const proof = await proveWritten(base, { adapter, values }, open, 'float32', () => signal.throwIfAborted());
  if (proof.relative_difference <= proof.limit) return proof;
  throw exportDiffers('onnx', `its scores differ by ${formatPercent(100 * proof.relative_difference)}`);
}

async function writeSmallFiles(
  target: string,
  base: BaseModel,
  merged: MergedTensors,
  isApart: boolean,
): Promise<void> {
  const { config, generationConfig, path: from } = base.folder;
  const writeJson = (name: string, value: JsonObject): Promise<void> =>
    writeFileAtomically(path.join(target, name), `${JSON.stringify(value, null, 2)}\n`);
  await writeJson('config.json', {
    ...config,
    ...namedSizes(base.model),
    ...(merged.untied.length === 0 ? {} : { tie_word_embeddings: false }),
    ...('dtype' in config ? { dtype: 'float32' } : { torch_dtype: 'float32' }),
    'transformers.js_config': { dtype: 'fp32', ...(isApart ? { use_external_data_format: true } : {}) },
  });
  const ids = ['bos_token_id', 'eos_token_id', 'pad_token_id'].filter((key) => config[key] !== undefined);
  await writeJson(
    'generation_config.json',
    generationConfig ?? Object.fromEntries(ids.map((key) => [key, config[key]])),
  );
  for (const [name, value] of Object.entries(tokenizerJsonOf(base.folder))) await writeJson(name, value);
  for (const file of await tokenizerFilesOf(from)) await copyFile(file, path.join(target, path.basename(file)));
}

/** Transformers.js makes the first keys and values of what config.json says of them; older ones leave defaults out. */
function namedSizes({ modelType, kvHeads, headSize, blocks, hiddenSize, numbers }: Model): JsonObject {
  if (modelType === 'gpt2') return { n_head: numbers.heads, n_layer: blocks, n_embd: hiddenSize };
  return {
    num_attention_heads: numbers.heads,
    num_key_value_heads: kvHeads,
    num_hidden_layers: blocks,
    hidden_size: hiddenSize,
    head_dim: headSize,
  };
}

function notesOf({ relative_difference: difference, positions }: MergeProof, isApart: boolean): readonly string[] {
  return [
    `Loaded again by ONNX Runtime, its scores differ from base and adapter by ${formatPercent(100 * difference)} at ${positions} tokens.`,
    ...(isApart ? [`The weights lie beside the model, in onnx/${dataName}.`] : []),
    "In JavaScript: await pipeline('text-generation', 'THIS-FOLDER', { dtype: 'fp32' }) of @huggingface/transformers.",
  ];
}
