import path from 'node:path';

/** `file` as a recipe in `folder` names it: relative with `/` where that is possible, so that both can be moved. */
export function pathFromRecipe(folder: string, file: string): string {
  const relative = path.relative(folder, file).replaceAll(path.sep, '/');
  if (path.isAbsolute(relative)) return file;
  return relative.startsWith('.') ? relative : `./${relative}`;
}

/** Why `name` cannot be a file's or folder's name on every system; undefined when it can. */
export function nameProblem(name: string): string | undefined {
  if (name.trim() === '') return 'A name is needed.';
  if (/[<>:"/\\|?*\p{Cc}]/u.test(name)) return 'A name must not contain any of < > : " / \\ | ? *';
  if (/^\.|[. ]$/.test(name)) return 'A name must neither begin with a dot nor end with a dot or a space.';
  if (/^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i.test(name)) return 'Windows does not allow this name.';
  return undefined;
}
