import { readdir, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import path from 'node:path';
import { readTextIfPresent } from './jsonFile';

/** Whether `text` could name a model on the Hugging Face hub: `org/name`, or one of the few old names without an org. */
export function looksLikeHubId(text: string): boolean {
  return /^[A-Za-z0-9][\w.-]*(\/[A-Za-z0-9][\w.-]*)?$/.test(text) && !text.includes('..') && !text.includes('--');
}

/** The folder of the local hub cache, found as `huggingface_hub` finds it. */
export function hubCacheFolder(environment: NodeJS.ProcessEnv = process.env): string {
  const cache = environment['HF_HUB_CACHE'] ?? environment['HUGGINGFACE_HUB_CACHE'];
  if (cache !== undefined && cache !== '') return path.resolve(cache);
  return path.join(hubHome(environment), 'hub');
}

/** The folder in which Hugging Face's own tools keep cache and token. */
export function hubHome(environment: NodeJS.ProcessEnv = process.env): string {
  const home = environment['HF_HOME'];
  if (home !== undefined && home !== '') return path.resolve(home);
  const xdg = environment['XDG_CACHE_HOME'];
  const base = xdg !== undefined && xdg !== '' ? xdg : path.join(homedir(), '.cache');
  return path.resolve(base, 'huggingface');
}

/** Where the cache would hold this model. */
export function hubModelFolder(id: string, cache = hubCacheFolder()): string {
  return path.join(cache, `models--${id.replace('/', '--')}`);
}

/** The id of the model whose snapshot this is; undefined for folders elsewhere. */
function hubIdOf(snapshot: string): string | undefined {
  const found = /[\\/]models--([^\\/]+)[\\/]snapshots[\\/][^\\/]+$/.exec(snapshot);
  return found?.[1]!.replace('--', '/');
}

/** What people call a model folder: its id where it lies in the hub's cache, in a folder called after a revision. */
export function modelFolderName(folder: string): string {
  return hubIdOf(folder) ?? path.basename(folder);
}

/**
 * The newest complete-looking snapshot of a model in the hub cache: the one that `refs/main` names, else the newest
 * that holds a config.json; undefined when there is none.
 */
export async function findInHubCache(id: string, cache = hubCacheFolder()): Promise<string | undefined> {
  const snapshots = path.join(hubModelFolder(id, cache), 'snapshots');
  const main = (await readTextIfPresent(path.join(hubModelFolder(id, cache), 'refs', 'main')))?.trim();
  if (main !== undefined && /^[\w.-]+$/.test(main) && (await changedAt(path.join(snapshots, main))) !== undefined) {
    return path.join(snapshots, main);
  }
  let newest: { folder: string; time: number } | undefined;
  for (const name of await namesIn(snapshots)) {
    const folder = path.join(snapshots, name);
    const time = await changedAt(path.join(folder, 'config.json'));
    if (time !== undefined && (newest === undefined || time > newest.time)) newest = { folder, time };
  }
  return newest?.folder;
}

/** A model of the local hub cache. */
export interface CachedModel {
  /** `owner/name` */
  readonly id: string;
  /** Absolute path of its newest snapshot. */
  readonly folder: string;
}

/** All models that the cache holds a snapshot of, by id. */
export async function modelsInHubCache(cache = hubCacheFolder()): Promise<readonly CachedModel[]> {
  const models: CachedModel[] = [];
  for (const name of await namesIn(cache)) {
    if (!name.startsWith('models--')) continue;
    const id = name.slice('models--'.length).replace('--', '/');
    const folder = looksLikeHubId(id) ? await findInHubCache(id, cache) : undefined;
    if (folder !== undefined) models.push({ id, folder });
  }
  return models;
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).sort();
  } catch {
    return [];
  }
}

async function changedAt(entry: string): Promise<number | undefined> {
  try {
    return (await stat(entry)).mtimeMs;
  } catch {
    return undefined;
  }
}
