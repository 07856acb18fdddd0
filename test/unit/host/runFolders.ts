import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';

/** The run folders beside the recipes of `folder`. */
export function runFolders(folder: string): readonly string[] {
  const runs = path.join(folder, '.lora', 'runs');
  return existsSync(runs) ? readdirSync(runs).map((name) => path.join(runs, name)) : [];
}
