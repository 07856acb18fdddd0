import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import type { RecipeDraft } from '../../recipe/draft';
import type { PathFacts, PlaceFacts } from '../../recipe/facts';
import { parseRecipe } from '../../recipe/parse';
import { nameFromFile } from '../../recipe/resolve';

/** Where a recipe's paths lead, and what the recipes beside it write. Only reads. */
export async function placeFacts(
  draft: RecipeDraft,
  recipeFile: string,
  workspace = workspaceOf(recipeFile),
): Promise<PlaceFacts> {
  const folder = path.dirname(recipeFile);
  const given: Readonly<Record<string, string | null | undefined>> = {
    // A hub id leads to the cache, and its folder, if there is one, wins.
    base_model: isPath(draft.base_model, folder) ? draft.base_model : undefined,
    'dataset.path': draft.dataset?.path,
    'dataset.eval_path': draft.dataset?.eval_path,
    'lora.init_from': draft.lora?.init_from,
    output: draft.output ?? `adapters/${draft.name ?? nameFromFile(recipeFile)}`,
  };
  const paths = Object.entries(given).flatMap(([key, relative]): [string, PathFacts][] => {
    if (typeof relative !== 'string') return [];
    const absolute = path.resolve(folder, relative);
    return [[key, { absolute, isInsideWorkspace: isInside(absolute, workspace) }]];
  });
  return { workspace, paths: Object.fromEntries(paths), otherOutputs: await outputsBeside(recipeFile) };
}

/** The nearest folder above with `.git` or `.vscode`, else the current folder, else the file's own. */
export function workspaceOf(file: string, current = process.cwd()): string {
  for (let folder = path.dirname(file); ; folder = path.dirname(folder)) {
    if (['.git', '.vscode'].some((name) => existsSync(path.join(folder, name)))) return folder;
    if (folder === path.dirname(folder)) break;
  }
  return isInside(file, current) ? current : path.dirname(file);
}

/** Whether an absolute path is a folder or lies below it. */
export function isInside(file: string, folder: string): boolean {
  const relative = path.relative(folder, file);
  return !path.isAbsolute(relative) && relative !== '..' && !relative.startsWith(`..${path.sep}`);
}

function isPath(reference: string | undefined, folder: string): boolean {
  return reference !== undefined && (/^\.{0,2}[/\\]/.test(reference) || existsSync(path.resolve(folder, reference)));
}

async function outputsBeside(recipeFile: string): Promise<PlaceFacts['otherOutputs']> {
  const folder = path.dirname(recipeFile);
  const names = await readdir(folder).catch((): string[] => []);
  const others = names
    .filter((name) => name.endsWith('.lora.json') && name !== path.basename(recipeFile))
    .slice(0, 200);
  return Promise.all(
    others.map(async (name) => {
      const { draft } = parseRecipe(await readFile(path.join(folder, name), 'utf8').catch(() => ''));
      const output = draft.output ?? `adapters/${draft.name ?? nameFromFile(name)}`;
      return { recipe: path.join(folder, name), output: path.resolve(folder, output) };
    }),
  );
}
