import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import type { PublishRequest } from '../../../run/publish';
import { lossCurveName, readAdapterFolder } from '../../formats/adapterFolder';
import { withBaseModel } from '../../formats/cardBase';
import { looksLikeHubId } from '../../formats/hubCache';
import { publishBaseInvalid, publishNeedsBase } from './failures';

const configName = 'adapter_config.json';
const cardName = 'README.md';

/** All that is ever uploaded of a folder: no run, no data, no evaluation, nothing that lies there by chance. */
const publishedNames: readonly string[] = [configName, 'adapter_model.safetensors', cardName, lossCurveName];

export interface PublishedFiles {
  /** Hub id that they call their base model. */
  readonly baseModel: string;
  readonly contents: ReadonlyMap<string, Buffer>;
}

/**
 * What of an adapter's folder is uploaded. Where it names a base model of this computer, the files name `baseModel` instead.
 * @throws Failure `publish-needs-base-id`, `publish-base-invalid`, those of `readAdapterFolder`
 */
export async function publishedFiles({
  adapter: folder,
  baseModel,
}: Pick<PublishRequest, 'adapter' | 'baseModel'>): Promise<PublishedFiles> {
  const { config, path: place } = await readAdapterFolder(folder);
  const named = config.base_model_name_or_path;
  if (baseModel !== null && !isOnHub(baseModel)) throw publishBaseInvalid(baseModel);
  const base = baseModel ?? named;
  if (base === null || !isOnHub(base) || (baseModel === null && isHere(place, base))) {
    throw publishNeedsBase(folder, named);
  }
  const names = await readdir(place);
  const contents = new Map<string, Buffer>();
  for (const name of publishedNames.filter((one) => names.includes(one))) {
    contents.set(name, await readFile(path.join(place, name)));
  }
  if (base === named) return { baseModel: base, contents };
  const written = JSON.parse(contents.get(configName)!.toString('utf8')) as object;
  const text = JSON.stringify({ ...written, base_model_name_or_path: base }, null, 2);
  contents.set(configName, Buffer.from(`${text}\n`));
  const card = contents.get(cardName);
  if (card !== undefined) contents.set(cardName, Buffer.from(withBaseModel(card.toString('utf8'), named, base)));
  return { baseModel: base, contents };
}

function isOnHub(name: string): boolean {
  return looksLikeHubId(name) && name.includes('/') && !name.toLowerCase().endsWith('.gguf');
}

/** Whether a name that looks like an id is a folder of this computer: `models/smollm2` from here or above the adapter. */
function isHere(folder: string, name: string): boolean {
  for (let at = folder; ; at = path.dirname(at)) {
    if (existsSync(path.join(at, name))) return true;
    if (at === path.dirname(at)) return existsSync(path.resolve(name));
  }
}
