import { realpath } from 'node:fs/promises';
import path from 'node:path';
import { Failure } from '../../../failure/failure';
import { readAdapterFolder } from '../../formats/adapterFolder';
import { openBaseModel } from '../../facts/baseModel';
import type { BaseModel } from '../../facts/baseModel';
import { baseOfAdapterUnknown } from './failures';

/**
 * Opens the base model that an adapter names. A relative path there starts at the recipe's folder, which nobody wrote
 * down: it is looked for from the adapter's folder and those above it, then from the current folder, where another model
 * may have the same name.
 * @throws Failure `base-of-adapter-unknown`, those of `readAdapterFolder` and `openBaseModel`
 */
export async function openBaseOf(adapter: string): Promise<BaseModel> {
  const { config } = await readAdapterFolder(adapter);
  const named = config.base_model_name_or_path;
  if (named === null || named === '') throw baseOfAdapterUnknown(adapter, null);
  for (const from of [...foldersAbove(adapter), process.cwd()]) {
    try {
      return await openBaseModel(named, from);
    } catch (error) {
      if (!(error instanceof Failure) || !notThere.has(error.code)) throw error;
    }
  }
  throw baseOfAdapterUnknown(adapter, named);
}

/**
 * The one path of a base model that all of its names lead to, such as a link to its folder: two paths are of the same model where
 * this is the same. It can be opened as they can.
 */
export async function onePathOf(base: string): Promise<string> {
  const real = await realpath(base).catch(() => base);
  // The hub's cache keeps the bytes of a GGUF file under their hash, where nobody would know what they are.
  const isHidden = base.toLowerCase().endsWith('.gguf') && !real.toLowerCase().endsWith('.gguf');
  return isHidden ? base : real;
}

const notThere = new Set(['model-missing', 'model-not-in-hub-cache', 'model-config-missing']);

/** The folder itself first. */
function foldersAbove(folder: string): string[] {
  const above = path.dirname(folder);
  return above === folder ? [folder] : [folder, ...foldersAbove(above)];
}
