import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { parseAdapterConfig } from '../engine/formats/adapterConfig';
import { readJsonObject } from '../engine/formats/jsonFile';
import { Failure } from '../failure/failure';

/** An adapter folder, as far as its own files tell. */
export interface ListedAdapter {
  readonly name: string;
  /** Absolute path. */
  readonly folder: string;
  readonly base_model: string | null;
  readonly r: number | null;
  readonly lora_alpha: number | null;
  readonly target_modules: readonly string[] | string | null;
  /** Size of the weights. */
  readonly bytes: number | null;
  /** Why it cannot be used; null when nothing is wrong. */
  readonly problem: string | null;
}

/** How deep below the given folder adapters are looked for. */
const maxDepth = 4;

/** Adapter folders in and below `folder`, by path. Hidden folders (checkpoints of runs) and `node_modules` are passed over. */
export async function listAdapters(folder: string): Promise<readonly ListedAdapter[]> {
  const found: ListedAdapter[] = [];
  await collect(folder, 0, found);
  return found.sort((a, b) => (a.folder < b.folder ? -1 : 1));
}

async function collect(folder: string, depth: number, found: ListedAdapter[]): Promise<void> {
  const entries = await readdir(folder, { withFileTypes: true });
  if (entries.some((entry) => entry.name === 'adapter_config.json')) {
    found.push(await describe(folder));
    return;
  }
  if (depth === maxDepth) return;
  for (const entry of entries) {
    if (!entry.isDirectory() || entry.name.startsWith('.') || entry.name === 'node_modules') continue;
    try {
      await collect(path.join(folder, entry.name), depth + 1, found);
    } catch (error) {
      // A folder that may not be read or has just gone holds no adapter that could be used.
      if (error instanceof Error && 'code' in error) continue;
      throw error;
    }
  }
}

async function describe(folder: string): Promise<ListedAdapter> {
  const weights = await stat(path.join(folder, 'adapter_model.safetensors')).catch(() => undefined);
  const known = { name: path.basename(folder), folder, bytes: weights?.size ?? null };
  try {
    const file = path.join(folder, 'adapter_config.json');
    const config = parseAdapterConfig(await readJsonObject(file), file);
    return {
      ...known,
      base_model: config.base_model_name_or_path,
      r: config.r,
      lora_alpha: config.lora_alpha,
      target_modules: config.target_modules,
      problem: weights === undefined ? 'adapter_model.safetensors is missing.' : null,
    };
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    const nothing = { base_model: null, r: null, lora_alpha: null, target_modules: null };
    return { ...known, ...nothing, problem: error.message };
  }
}
