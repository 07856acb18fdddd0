import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import type { PublishNews, PublishOutcome, PublishRequest } from '../../../run/publish';
import { lossCurveName, readAdapterFolder } from '../../formats/adapterFolder';
import { looksLikeHubId } from '../../formats/hubCache';
import { withBaseModel } from '../../formats/cardBase';
import type { Patience } from '../../hub/hubClient';
import { publishFiles } from '../../hub/publishFiles';
import { publishBaseInvalid, publishNeedsBase } from './failures';

const configName = 'adapter_config.json';
const cardName = 'README.md';

/** All that is ever uploaded of a folder: no run, no data, no evaluation, nothing that lies there by chance. */
const publishedNames: readonly string[] = [configName, 'adapter_model.safetensors', cardName, lossCurveName];

export interface PublishSurroundings {
  readonly environment?: NodeJS.ProcessEnv;
  readonly patience?: Patience;
}

/**
 * Puts an adapter's files on the hub. Where they name a base model of this computer, the uploaded ones name `baseModel`
 * instead; the folder itself is only read.
 * @throws Failure `publish-…`, those of `readAdapterFolder` and `publishFiles`
 */
export async function publishAdapter(
  request: PublishRequest,
  onNews: (news: PublishNews) => void,
  signal: AbortSignal,
  surroundings: PublishSurroundings = {},
): Promise<PublishOutcome> {
  const files = await filesOf(request);
  const { repo, isPrivate, token } = request;
  try {
    const summary = `Upload the adapter ${path.basename(request.adapter)} with LoRA Workbench`;
    const options = { repo, isPrivate, token, summary, signal, onNews, ...surroundings };
    return { outcome: 'finished', adapter: await publishFiles(files, options) };
  } catch (error) {
    if (signal.aborted && error === signal.reason) return { outcome: 'cancelled' };
    throw error;
  }
}

async function filesOf({ adapter: folder, baseModel }: PublishRequest): Promise<ReadonlyMap<string, Buffer>> {
  const { config, path: place } = await readAdapterFolder(folder);
  const named = config.base_model_name_or_path;
  if (baseModel !== null && !isOnHub(baseModel)) throw publishBaseInvalid(baseModel);
  const base = baseModel ?? named;
  if (base === null || !isOnHub(base) || (baseModel === null && isHere(place, base))) {
    throw publishNeedsBase(folder, named);
  }
  const names = await readdir(place);
  const files = new Map<string, Buffer>();
  for (const name of publishedNames.filter((one) => names.includes(one))) {
    files.set(name, await readFile(path.join(place, name)));
  }
  if (base === named) return files;
  const written = JSON.parse(files.get(configName)!.toString('utf8')) as object;
  const text = JSON.stringify({ ...written, base_model_name_or_path: base }, null, 2);
  files.set(configName, Buffer.from(`${text}\n`));
  const card = files.get(cardName);
  if (card !== undefined) files.set(cardName, Buffer.from(withBaseModel(card.toString('utf8'), named, base)));
  return files;
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
