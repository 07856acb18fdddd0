import type { TextEdit } from 'vscode-languageserver-types';
import { folderOf, isAbsolutePath, relativePath, renamedPath, resolvePath } from './filePaths';
import { pathNodes } from './structure';
import type { RecipeDocument } from './recipeDocument';

/** A file or folder that is about to get another absolute path. */
export interface FileRename {
  readonly from: string;
  readonly to: string;
}

/** Edits that let a recipe name the same files after they, or the recipe itself, were renamed or moved. */
export function editsForRenames(document: RecipeDocument, renames: readonly FileRename[]): TextEdit[] {
  const { file } = document;
  if (file === undefined) return [];
  const folder = folderOf(file);
  const newFolder = folderOf(afterRenames(file, renames));
  return pathNodes(document).flatMap(({ path, node }) => {
    const written = String(node.value);
    // A hub id is no path, though a folder may bear its name.
    if (path[0] === 'base_model' && !isAbsolutePath(written) && !/^\.{1,2}[/\\]/.test(written)) {
      const isNamed = renames.some(({ from }) => renamedPath(resolvePath(folder, written), from, from) !== undefined);
      if (!isNamed) return [];
    }
    const old = resolvePath(folder, written);
    const target = afterRenames(old, renames);
    if (target === old && (newFolder === folder || isAbsolutePath(written))) return [];
    const next = isAbsolutePath(written) ? target : asWritten(written, relativePath(newFolder, target) ?? target);
    if (next === written) return [];
    return [{ range: document.range(node.offset, node.length), newText: JSON.stringify(next) }];
  });
}

function afterRenames(path: string, renames: readonly FileRename[]): string {
  for (const { from, to } of renames) {
    const renamed = renamedPath(path, from, to);
    if (renamed !== undefined) return renamed;
  }
  return path;
}

/** In the manner of the old one: with or without `./` at its start and `/` at its end. */
function asWritten(old: string, path: string): string {
  const start = /^\.{1,2}([/\\]|$)/.test(old) && !path.startsWith('.') && !isAbsolutePath(path) ? './' : '';
  return `${start}${path}${/[/\\]$/.test(old) ? '/' : ''}`;
}
