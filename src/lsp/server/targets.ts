import { stat } from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { findInHubCache, looksLikeHubId } from '../../engine/formats/hubCache';
import type { RecipeDocument } from '../service/recipeDocument';

/** What an editor opens of a folder: it cannot show the folder itself. */
const facesOfFolders = ['adapter_config.json', 'config.json', 'README.md'];

export function uriOf(file: string): string {
  return pathToFileURL(file).toString();
}

/** The uri of the file that a recipe's path or hub id leads to; undefined where nothing is there. */
export async function openableUri({ file }: RecipeDocument, named: string): Promise<string | undefined> {
  if (file === undefined) return undefined;
  const own = await openable(path.resolve(path.dirname(file), named));
  if (own !== undefined || !looksLikeHubId(named)) return own;
  // What cannot even be looked up leads nowhere.
  const cached = await findInHubCache(named).catch(() => undefined);
  return cached === undefined ? undefined : openable(cached);
}

async function openable(place: string): Promise<string | undefined> {
  const found = await stat(place).catch(() => undefined);
  if (found === undefined || found.isFile()) return found && uriOf(place);
  for (const name of facesOfFolders) {
    const inside = path.join(place, name);
    if ((await stat(inside).catch(() => undefined))?.isFile() === true) return uriOf(inside);
  }
  return undefined;
}
