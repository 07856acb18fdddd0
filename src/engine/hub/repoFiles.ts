import { tokenizerMissing } from '../facts/failures';
import {
  modelConfigMissing,
  modelGgufUnsupported,
  modelIndexBroken,
  modelIsAnAdapter,
  modelPickleOnly,
  modelShardMissing,
  modelWeightsMissing,
} from '../formats/modelFailures';
import { isJsonObject } from '../formats/jsonFile';
import type { JsonObject } from '../formats/jsonFile';
import type { RemoteFile } from './hubClient';

export const configFile = 'config.json';
export const indexFile = 'model.safetensors.index.json';
const weightsFile = 'model.safetensors';

/** Small files that the engine reads. */
const read = [
  configFile,
  'generation_config.json',
  'tokenizer.json',
  'tokenizer_config.json',
  'special_tokens_map.json',
  'chat_template.jinja',
];

/** What a person may want to read, unless it is long. */
const forPeople = /^(readme(\.md)?|licen[cs]e(\.(md|txt))?|notice(\.(md|txt))?)$/i;
const longestForPeople = 1e6;

/**
 * Whether the model can be trained on, by the names of its files alone; `id` stands for the folder in messages.
 * @throws Failure `model-config-missing`, `model-is-an-adapter`, `model-gguf-unsupported`, `model-pickle-only`,
 *   `model-weights-missing`, `tokenizer-missing`
 */
export function checkFiles(id: string, files: readonly RemoteFile[]): void {
  const names = files.map(({ name }) => name);
  const gguf = names.find((name) => name.endsWith('.gguf'));
  if (!names.includes(configFile)) {
    if (names.includes('adapter_config.json')) throw modelIsAnAdapter(id, undefined);
    throw gguf === undefined ? modelConfigMissing(id) : modelGgufUnsupported(`${id}/${gguf}`);
  }
  if (!names.includes(weightsFile) && !names.includes(indexFile)) {
    const pickle = names.find((name) => /\.(bin|pth|pt|ckpt|h5|msgpack)$/.test(name) && name !== 'training_args.bin');
    if (pickle !== undefined) throw modelPickleOnly(id, `${id}/${pickle}`);
    throw gguf === undefined ? modelWeightsMissing(id) : modelGgufUnsupported(`${id}/${gguf}`);
  }
  if (!names.includes('tokenizer.json')) throw tokenizerMissing(id);
}

/** What must be read before it is known which weights there are: the configuration, and the index of several shards. */
export function firstFiles(files: readonly RemoteFile[]): readonly RemoteFile[] {
  const isSharded = !files.some(({ name }) => name === weightsFile);
  return files.filter(({ name }) => name === configFile || (isSharded && name === indexFile));
}

/**
 * All files to fetch, small ones first; `index` is the content of `model.safetensors.index.json` where it counts.
 * @throws Failure `model-index-broken`, `model-shard-missing`
 */
export function wantedFiles(
  id: string,
  files: readonly RemoteFile[],
  index: JsonObject | undefined,
): readonly RemoteFile[] {
  const weights = index === undefined ? [weightsFile] : shardsOf(`${id}/${indexFile}`, index);
  const missing = weights.find((shard) => !files.some(({ name }) => name === shard));
  if (missing !== undefined) throw modelShardMissing(`${id}/${indexFile}`, missing);
  const small = files.filter(
    ({ name, size }) =>
      read.includes(name) ||
      (index !== undefined && name === indexFile) ||
      (forPeople.test(name) && size <= longestForPeople),
  );
  return [...small, ...files.filter(({ name }) => weights.includes(name))];
}

function shardsOf(file: string, index: JsonObject): readonly string[] {
  const map = index['weight_map'];
  if (!isJsonObject(map)) throw modelIndexBroken(file, 'it has no "weight_map" object');
  return [...new Set(Object.values(map).map(String))];
}
