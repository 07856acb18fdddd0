import path from 'node:path';

/**
 * How the file `from` names `file`, with slashes: relative where both lie in one tree and not far apart, so that they can be
 * moved together; else whole.
 */
export function nearPath(file: string, from: string): string {
  const relative = path.relative(path.dirname(from), file);
  const up = relative.split(path.sep).filter((part) => part === '..').length;
  const depth = path
    .dirname(from)
    .split(path.sep)
    .filter((part) => part !== '').length;
  // As many steps up as there are folders lead to the root of the disk, which holds everything.
  const isFar = path.isAbsolute(relative) || up > 2 || (up > 0 && up === depth);
  return (isFar ? file : relative === '' ? '.' : relative).split(path.sep).join('/');
}
