import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { adapterConfigText, parseAdapterConfig } from './adapterConfig';
import type { AdapterConfig } from './adapterConfig';
import {
  adapterConfigMissing,
  adapterEmpty,
  adapterMissing,
  adapterPairBroken,
  adapterPickleOnly,
  adapterTensorUnknown,
  adapterWeightsMissing,
} from './adapterFailures';
import { replaceFolderAtomically, whereToRead, writeFileAtomically } from './atomicFile';
import type { Replacement } from './atomicFile';
import { fileUnreadable, systemErrorCode } from './failures';
import { readJsonObject } from './jsonFile';
import { readSafetensorsHeader, writeSafetensors } from './safetensors';
import type { TensorEntry, TensorToWrite } from './safetensors';

const configName = 'adapter_config.json';
const weightsName = 'adapter_model.safetensors';
const prefix = 'base_model.model.';

/** Name of the picture that a model card shows. */
export const lossCurveName = 'loss.svg';

/** A PEFT LoRA adapter folder, its weights located, none of them loaded. */
export interface AdapterFolder {
  /** Absolute. */
  readonly path: string;
  readonly config: AdapterConfig;
  /**
   * By the names that the base model's modules have: `model.layers.0.self_attn.q_proj.lora_A.weight` [r, in],
   * `….lora_B.weight` [out, r], `….lora_embedding_A` [r, vocab], `….lora_embedding_B` [dim, r]; and replaced weights
   * of the base model (modules_to_save, biases) under their own names, such as `lm_head.weight`. PEFT's prefix
   * `base_model.model.` and its `.base_layer` are taken off. An entry's own `name` is the one in the file.
   */
  readonly tensors: ReadonlyMap<string, TensorEntry>;
}

/**
 * Reads and checks an adapter folder.
 * @throws Failure `adapter-missing`, `adapter-config-missing`, `adapter-weights-missing`, `adapter-pickle-only`,
 *   `adapter-tensor-unknown`, `adapter-pair-broken`, `adapter-empty`, those of `parseAdapterConfig` and
 *   `readSafetensorsHeader`, `json-broken`
 */
export async function readAdapterFolder(folder: string): Promise<AdapterFolder> {
  const absolute = await whereToRead(folder);
  const entries = await namesIn(absolute);
  if (!entries.includes(configName)) throw adapterConfigMissing(absolute);
  const configFile = path.join(absolute, configName);
  const config = parseAdapterConfig(await readJsonObject(configFile), configFile);
  if (!entries.includes(weightsName)) {
    throw entries.includes('adapter_model.bin') ? adapterPickleOnly(absolute) : adapterWeightsMissing(absolute);
  }
  const weightsFile = path.join(absolute, weightsName);
  const stored = (await readSafetensorsHeader(weightsFile)).tensors;
  const tensors = new Map([...stored].map(([name, entry]) => [moduleName(weightsFile, name), entry]));
  checkPairs(weightsFile, tensors);
  return { path: absolute, config, tensors };
}

/** An adapter to be written; tensors named as in `AdapterFolder.tensors`. */
export interface AdapterToWrite {
  readonly config: AdapterConfig;
  readonly tensors: readonly TensorToWrite[];
  /** The text of README.md; see `renderModelCard`. */
  readonly modelCard: string;
  /** The picture of the losses that the card shows, as SVG. */
  readonly lossCurve?: string | undefined;
}

/**
 * Writes an adapter folder in PEFT's layout, atomically as a folder. The bytes depend on the arguments alone. Of an
 * older adapter in that place, files that are no part of an adapter stay.
 * @throws Failure as `replaceFolderAtomically`
 */
export async function writeAdapterFolder(folder: string, adapter: AdapterToWrite): Promise<void> {
  const adapted = new Set(adapter.tensors.flatMap(({ name }) => loraModule(name) ?? []));
  const tensors = adapter.tensors.map((tensor) => ({ ...tensor, name: peftName(tensor.name, adapted) }));
  await replaceFolderAtomically(
    folder,
    async (temporary) => {
      await writeFileAtomically(path.join(temporary, configName), adapterConfigText(adapter.config));
      await writeFileAtomically(path.join(temporary, 'README.md'), adapter.modelCard);
      if (adapter.lossCurve !== undefined) {
        await writeFileAtomically(path.join(temporary, lossCurveName), adapter.lossCurve);
      }
      await writeSafetensors(path.join(temporary, weightsName), tensors);
    },
    adapterReplacement,
  );
}

/** What may be replaced by an adapter folder: an older one, whose foreign files are kept. */
export const adapterReplacement: Replacement = {
  kind: 'LoRA adapter',
  marker: configName,
  keep: (entry) => entry !== 'adapter_model.bin' && entry !== lossCurveName,
};

const loraSuffix = /\.lora_(?:A\.weight|B\.weight|embedding_A|embedding_B)$/;

/** The module that a LoRA tensor adapts; undefined for any other tensor. */
function loraModule(name: string): string | undefined {
  const match = loraSuffix.exec(name);
  return match === null ? undefined : name.slice(0, match.index);
}

/** A weight of the base model gets `.base_layer` where PEFT wraps its module, which it does with adapted ones. */
function peftName(name: string, adapted: ReadonlySet<string>): string {
  const dot = name.lastIndexOf('.');
  const module = name.slice(0, dot);
  const wrapped = loraModule(name) === undefined && adapted.has(module);
  return prefix + (wrapped ? `${module}.base_layer${name.slice(dot)}` : name);
}

function moduleName(file: string, stored: string): string {
  const name = stored.slice(prefix.length);
  if (!stored.startsWith(prefix) || (name.includes('.lora_') && !loraSuffix.test(name))) {
    throw adapterTensorUnknown(file, stored);
  }
  return name.replace(/\.base_layer\.(?=[^.]+$)/, '.');
}

/** Every A [r, in] needs its B [out, r]. */
function checkPairs(file: string, tensors: ReadonlyMap<string, TensorEntry>): void {
  const modules = new Set([...tensors.keys()].flatMap((name) => loraModule(name) ?? []));
  if (tensors.size === 0) throw adapterEmpty(file);
  for (const module of modules) {
    const isEmbedding = tensors.has(`${module}.lora_embedding_A`) || tensors.has(`${module}.lora_embedding_B`);
    const [nameA, nameB] = isEmbedding ? ['lora_embedding_A', 'lora_embedding_B'] : ['lora_A.weight', 'lora_B.weight'];
    const [a, b] = [tensors.get(`${module}.${nameA}`), tensors.get(`${module}.${nameB}`)];
    if (a === undefined || b === undefined) {
      throw adapterPairBroken(file, module, `${a === undefined ? nameA : nameB} is missing`);
    }
    if (a.shape.length !== 2 || b.shape.length !== 2 || a.shape[0] !== b.shape[1]) {
      const shapes = `${nameA} is [${a.shape.join(', ')}] and ${nameB} is [${b.shape.join(', ')}]`;
      throw adapterPairBroken(file, module, `${shapes}, which do not fit together`);
    }
  }
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    const code = systemErrorCode(error);
    throw code === 'ENOENT' || code === 'ENOTDIR' ? adapterMissing(folder) : fileUnreadable(folder, error);
  }
}
