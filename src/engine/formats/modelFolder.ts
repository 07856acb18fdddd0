import { copyFile, readdir, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import path from 'node:path';
import { replaceFolderAtomically, whereToRead, writeFileAtomically } from './atomicFile';
import type { Replacement } from './atomicFile';
import { fileMissing, fileUnreadable, systemErrorCode } from './failures';
import { openGgufModel } from './gguf/openGgufModel';
import { findInHubCache, hubModelFolder, looksLikeHubId } from './hubCache';
import { isJsonObject, readJsonObject, readJsonObjectIfPresent, readTextIfPresent } from './jsonFile';
import type { JsonObject } from './jsonFile';
import {
  modelConfigMissing,
  modelGgufSeveral,
  modelIndexBroken,
  modelIndexMismatch,
  modelIsAFile,
  modelIsAnAdapter,
  modelMissing,
  modelNotInHubCache,
  modelPickleOnly,
  modelShardMissing,
  modelWeightsMissing,
} from './modelFailures';
import { readSafetensorsHeader, writeSafetensors } from './safetensors';
import type { TensorEntry, TensorToWrite } from './safetensors';
import type { WeightEntry } from './weightEntry';

/** A base model, its small files read and its weights located, none of them loaded. */
export interface ModelFolder {
  /** Absolute: a Hugging Face folder, or a GGUF file. */
  readonly path: string;
  /** config.json as it is; of a GGUF file, what it would say. */
  readonly config: JsonObject;
  /** generation_config.json as it is; of a GGUF file, the tokens that end a text. */
  readonly generationConfig: JsonObject | undefined;
  /** Every weight of every shard, by name. */
  readonly tensors: ReadonlyMap<string, WeightEntry>;
  /** Absolute path of tokenizer.json. */
  readonly tokenizerFile: string | undefined;
  /** What tokenizer.json would say, where the model is a GGUF file with a tokenizer. */
  readonly tokenizerJson?: JsonObject;
  /** tokenizer_config.json as it is. */
  readonly tokenizerConfig: JsonObject | undefined;
  /** The default chat template: chat_template.jinja, else the one in tokenizer_config.json. */
  readonly chatTemplate: string | undefined;
}

/**
 * Opens the model that `model` names: a folder or a GGUF file (relative to `from`, or `~/…`), else a hub id in the local
 * cache. A folder without config.json or weights may hold one GGUF file instead.
 * @throws Failure `model-missing`, `model-not-in-hub-cache`, `model-is-a-file`, `model-gguf-several`,
 *   `model-is-an-adapter`, `model-config-missing`, `model-pickle-only`, `model-weights-missing`, `model-index-broken`,
 *   `model-index-mismatch`, `model-shard-missing`, those of `readSafetensorsHeader` and `openGgufModel`, `json-broken`
 */
export async function openModelFolder(model: string, from = process.cwd()): Promise<ModelFolder> {
  const folder = await findModelFolder(model, from);
  if (isGguf(folder)) return openGguf(folder);
  const entries = await readdir(folder);
  const gguf = ggufInstead(folder, entries);
  if (gguf !== undefined) return openGguf(gguf);
  const config = await readConfig(folder, entries);
  const tokenizerFile = path.join(folder, 'tokenizer.json');
  const tokenizerConfig = await readJsonObjectIfPresent(path.join(folder, 'tokenizer_config.json'));
  return {
    path: folder,
    config,
    generationConfig: await readJsonObjectIfPresent(path.join(folder, 'generation_config.json')),
    tensors: await locateTensors(folder, entries),
    tokenizerFile: entries.includes('tokenizer.json') ? tokenizerFile : undefined,
    tokenizerConfig,
    chatTemplate:
      (await readTextIfPresent(path.join(folder, 'chat_template.jinja'))) ?? defaultTemplate(tokenizerConfig),
  };
}

/**
 * The absolute path of the folder or GGUF file that `model` names; see `openModelFolder`.
 * @throws Failure `model-missing`, `model-not-in-hub-cache`, `model-is-a-file`
 */
export async function findModelFolder(model: string, from = process.cwd()): Promise<string> {
  const folder = path.resolve(from, model.startsWith('~/') ? path.join(homedir(), model.slice(2)) : model);
  const place = await whereToRead(folder);
  const kind = await kindOf(place);
  if (kind === 'folder') return place;
  if (kind === 'file') {
    if (isGguf(place)) return place;
    throw modelIsAFile(folder);
  }
  if (!looksLikeHubId(model)) throw modelMissing(model, [folder]);
  const cached = await findInHubCache(model);
  if (cached === undefined) throw modelNotInHubCache(model, [folder, hubModelFolder(model)]);
  return cached;
}

/** A base model to be written as a whole, for `method: "full"` and for merged models. */
export interface ModelToWrite {
  readonly config: JsonObject;
  readonly generationConfig?: JsonObject;
  readonly tensors: readonly TensorToWrite[];
  /** Files to copy beside the weights under their own names, such as those of `tokenizerFilesOf`. */
  readonly copyFrom: readonly string[];
  /** Further JSON files by name, such as those of `tokenizerJsonOf`. */
  readonly json?: Readonly<Record<string, JsonObject>>;
}

/**
 * Writes config.json, model.safetensors and copies of the tokenizer's files, atomically as a folder. An older model
 * folder is replaced as a whole, so that no shard of it stays behind.
 * @throws Failure as `replaceFolderAtomically`; `file-missing` for a file in `copyFrom`
 */
export async function writeModelFolder(folder: string, model: ModelToWrite): Promise<void> {
  for (const file of model.copyFrom) if ((await kindOf(file)) !== 'file') throw fileMissing(file);
  await replaceFolderAtomically(folder, (temporary) => fillModelFolder(temporary, model), modelReplacement);
}

/** What may be replaced by a model folder: an older one. */
export const modelReplacement: Replacement = { kind: 'model', marker: 'config.json', keep: () => false };

/** The tokenizer of a GGUF file as the files of a Hugging Face folder; of such a folder none, they are there. */
export function tokenizerJsonOf({
  tokenizerJson,
  tokenizerConfig,
  chatTemplate,
}: ModelFolder): Readonly<Record<string, JsonObject>> {
  if (tokenizerJson === undefined) return {};
  const template = chatTemplate === undefined ? {} : { chat_template: chatTemplate };
  return { 'tokenizer.json': tokenizerJson, 'tokenizer_config.json': { ...tokenizerConfig, ...template } };
}

/** The files of a model folder that make up its tokenizer, those that exist, absolute; none of a GGUF file. */
export async function tokenizerFilesOf(folder: string): Promise<string[]> {
  if (isGguf(folder)) return [];
  const entries = await readdir(folder);
  return tokenizerFileNames.filter((name) => entries.includes(name)).map((name) => path.resolve(folder, name));
}

const tokenizerFileNames: readonly string[] = [
  'added_tokens.json',
  'chat_template.jinja',
  'merges.txt',
  'special_tokens_map.json',
  'spiece.model',
  'tokenizer.json',
  'tokenizer.model',
  'tokenizer_config.json',
  'vocab.json',
  'vocab.txt',
];

async function fillModelFolder(folder: string, model: ModelToWrite): Promise<void> {
  const writeJson = (name: string, value: JsonObject): Promise<void> =>
    writeFileAtomically(path.join(folder, name), `${JSON.stringify(value, null, 2)}\n`);
  await writeJson('config.json', model.config);
  if (model.generationConfig !== undefined) await writeJson('generation_config.json', model.generationConfig);
  for (const [name, value] of Object.entries(model.json ?? {})) await writeJson(name, value);
  for (const file of model.copyFrom) await copyFile(file, path.join(folder, path.basename(file)));
  await writeSafetensors(path.join(folder, 'model.safetensors'), model.tensors);
}

async function readConfig(folder: string, entries: readonly string[]): Promise<JsonObject> {
  if (entries.includes('config.json')) return readJsonObject(path.join(folder, 'config.json'));
  if (entries.includes('adapter_config.json')) {
    const adapter = await readJsonObjectIfPresent(path.join(folder, 'adapter_config.json'));
    const base = adapter?.['base_model_name_or_path'];
    throw modelIsAnAdapter(folder, typeof base === 'string' ? base : undefined);
  }
  throw modelConfigMissing(folder);
}

/** Whether a path names a GGUF file. */
export function isGguf(file: string): boolean {
  return file.toLowerCase().endsWith('.gguf');
}

/** The GGUF file of a folder that is not a whole Hugging Face folder. */
function ggufInstead(folder: string, entries: readonly string[]): string | undefined {
  const hasWeights = entries.some((name) => ['model.safetensors', 'model.safetensors.index.json'].includes(name));
  // An adapter's folder may hold the adapter as GGUF, too.
  if ((entries.includes('config.json') && hasWeights) || entries.includes('adapter_config.json')) return undefined;
  const files = entries.filter(isGguf);
  if (files.length > 1) throw modelGgufSeveral(folder, files);
  return files[0] === undefined ? undefined : path.join(folder, files[0]);
}

function openGguf(file: string): ModelFolder {
  const { config, generationConfig, tensors, tokenizer } = openGgufModel(file);
  return {
    path: file,
    config,
    generationConfig,
    tensors,
    tokenizerFile: undefined,
    ...(tokenizer === undefined ? {} : { tokenizerJson: tokenizer.json }),
    tokenizerConfig: tokenizer?.config,
    chatTemplate: tokenizer?.chatTemplate,
  };
}

async function locateTensors(folder: string, entries: readonly string[]): Promise<ReadonlyMap<string, TensorEntry>> {
  if (entries.includes('model.safetensors')) {
    return (await readSafetensorsHeader(path.join(folder, 'model.safetensors'))).tensors;
  }
  if (entries.includes('model.safetensors.index.json')) return locateInShards(folder, entries);
  const other = entries.find((name) => /\.(bin|pth|pt|ckpt|h5|msgpack)$/.test(name) && name !== 'training_args.bin');
  if (other !== undefined) throw modelPickleOnly(folder, path.join(folder, other));
  throw modelWeightsMissing(folder);
}

/** Reads every shard's header once and checks that each holds what the index says; names not in the index are left. */
async function locateInShards(folder: string, entries: readonly string[]): Promise<ReadonlyMap<string, TensorEntry>> {
  const index = path.join(folder, 'model.safetensors.index.json');
  const weightMap = (await readJsonObject(index))['weight_map'];
  if (!isJsonObject(weightMap)) throw modelIndexBroken(index, 'it has no "weight_map" object');
  const shards = new Map<string, ReadonlyMap<string, TensorEntry>>();
  const tensors = new Map<string, TensorEntry>();
  for (const [name, shard] of Object.entries(weightMap)) {
    if (typeof shard !== 'string') throw modelIndexBroken(index, `"${name}" names no file`);
    if (shard !== path.basename(shard)) throw modelIndexBroken(index, `"${shard}" lies outside of the folder`);
    if (!entries.includes(shard)) throw modelShardMissing(index, shard);
    let inShard = shards.get(shard);
    if (inShard === undefined) {
      inShard = (await readSafetensorsHeader(path.join(folder, shard))).tensors;
      shards.set(shard, inShard);
    }
    const entry = inShard.get(name);
    if (entry === undefined) throw modelIndexMismatch(index, name, shard);
    tensors.set(name, entry);
  }
  return tensors;
}

/** `chat_template` is a text or a list of `{name, template}`, of which the one named "default" (or the only one) counts. */
function defaultTemplate(tokenizerConfig: JsonObject | undefined): string | undefined {
  const template = tokenizerConfig?.['chat_template'];
  if (typeof template === 'string') return template;
  if (!Array.isArray(template)) return undefined;
  const named = template.filter(isJsonObject);
  const chosen = named.find((item) => item['name'] === 'default') ?? (named.length === 1 ? named[0] : undefined);
  return typeof chosen?.['template'] === 'string' ? chosen['template'] : undefined;
}

async function kindOf(entry: string): Promise<'folder' | 'file' | undefined> {
  try {
    return (await stat(entry)).isDirectory() ? 'folder' : 'file';
  } catch (error) {
    const code = systemErrorCode(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw fileUnreadable(entry, error);
  }
}
