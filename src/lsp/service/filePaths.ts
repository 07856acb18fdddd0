/**
 * Paths as text, on any platform: what lies where is decided by the names alone. Absolute paths use `/` here, also
 * those of Windows (`C:/data`), whose letters of drives count the same in either case.
 */

/** With `/`, without `.`, `..` and a `/` at the end. */
export function plainPath(path: string): string {
  const slashed = path.replaceAll('\\', '/').replace(/^([a-z]):/, (_, drive: string) => `${drive.toUpperCase()}:`);
  const isAbsolute = slashed.startsWith('/');
  const parts: string[] = [];
  for (const part of slashed.split('/')) {
    if (part === '' || part === '.') continue;
    if (part === '..' && parts.length > 0 && parts.at(-1) !== '..') parts.pop();
    else if (part !== '..' || !isAbsolute) parts.push(part);
  }
  return `${isAbsolute ? '/' : ''}${parts.join('/')}`;
}

export function isAbsolutePath(path: string): boolean {
  return /^([/\\]|[A-Za-z]:[/\\])/.test(path);
}

export function folderOf(file: string): string {
  const plain = plainPath(file);
  return plain.slice(0, Math.max(plain.startsWith('/') ? 1 : 0, plain.lastIndexOf('/')));
}

/** What `path`, written in a file of `folder`, names. */
export function resolvePath(folder: string, path: string): string {
  return plainPath(isAbsolutePath(path) ? path : `${folder}/${path}`);
}

/** `target` seen from `folder`, such as `../data`; undefined where no relative path leads there (another drive). */
export function relativePath(folder: string, target: string): string | undefined {
  const from = plainPath(folder).split('/');
  const to = plainPath(target).split('/');
  if (from[0] !== to[0]) return undefined;
  let shared = 0;
  while (shared < from.length && shared < to.length && from[shared] === to[shared]) shared++;
  const up = from.slice(shared).filter((part) => part !== '');
  return [...up.map(() => '..'), ...to.slice(shared)].join('/') || '.';
}

/** The path after `from` was renamed to `to`: its own, or that of a folder it lies in; undefined where that is not so. */
export function renamedPath(path: string, from: string, to: string): string | undefined {
  const [plain, old, renamed] = [path, from, to].map(plainPath) as [string, string, string];
  if (plain === old) return renamed;
  return plain.startsWith(`${old}/`) ? `${renamed}${plain.slice(old.length)}` : undefined;
}
