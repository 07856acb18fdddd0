import path from 'node:path';

/**
 * `file` as the file `from` names it, with slashes: relative where both lie on one drive and not far apart, so that they can be moved
 * together; else whole.
 */
export function nearPath(file: string, from: string): string {
  const relative = path.relative(path.dirname(from), file);
  const isFar = path.isAbsolute(relative) || relative.split(path.sep).filter((part) => part === '..').length > 2;
  return (isFar ? file : relative === '' ? '.' : relative).split(path.sep).join('/');
}
