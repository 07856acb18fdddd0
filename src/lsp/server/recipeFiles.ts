import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';

/** Folders that hold nobody's own files. */
const foreign = new Set(['node_modules', 'site-packages', 'venv', '__pycache__']);

/** Where a walk through a workspace ends: nobody waits for the rest. */
const limits = { depth: 8, folders: 2000 };

/** Files below some folders, without hidden and foreign folders; broad rather than deep, and bounded. */
export async function* filesBelow(folders: readonly string[]): AsyncGenerator<string> {
  let level = [...folders];
  let visited = 0;
  for (let depth = 0; depth < limits.depth && level.length > 0; depth++) {
    const next: string[] = [];
    for (const folder of level) {
      if (++visited > limits.folders) return;
      const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
      for (const entry of entries) {
        if (entry.name.startsWith('.') || foreign.has(entry.name)) continue;
        if (entry.isDirectory()) next.push(path.join(folder, entry.name));
        else if (entry.isFile()) yield path.join(folder, entry.name);
      }
    }
    level = next;
  }
}

/** Absolute paths of the recipes in a workspace. */
export async function recipesIn(workspace: readonly string[]): Promise<readonly string[]> {
  const found: string[] = [];
  for await (const file of filesBelow(workspace)) if (/\.lora\.json$/i.test(file)) found.push(file);
  return found;
}

/** Empty for a file that cannot be read. */
export async function textOf(file: string): Promise<string> {
  return readFile(file, 'utf8').catch(() => '');
}
