import { open } from 'node:fs/promises';
import path from 'node:path';

/** A model folder among files of the workspace: it has a `config.json` and weights in `.safetensors`. */
export function modelFolders(files: readonly string[]): readonly string[] {
  const weights = new Set(files.filter((file) => file.endsWith('.safetensors')).map((file) => path.dirname(file)));
  const configs = files.filter((file) => path.basename(file) === 'config.json').map((file) => path.dirname(file));
  return configs.filter((folder) => weights.has(folder));
}

/** Bytes of a dataset that are looked at. */
const peeked = 64 * 1024;

/** What a dataset's first row holds, in words: `prompt, completion`; empty where it cannot be told from its start. */
export async function describeDataset(file: string): Promise<string> {
  const text = await beginOf(file).catch(() => '');
  const ending = path.extname(file).toLowerCase();
  if (ending === '.csv' || ending === '.tsv') return (text.split(/\r?\n/)[0] ?? '').split(/[,\t]/).join(', ');
  if (ending !== '.jsonl' && ending !== '.ndjson') return '';
  try {
    const row = JSON.parse(text.split('\n')[0] ?? '') as unknown;
    return typeof row === 'object' && row !== null ? Object.keys(row).join(', ') : '';
  } catch {
    return '';
  }
}

async function beginOf(file: string): Promise<string> {
  const handle = await open(file);
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(peeked), 0, peeked, 0);
    return buffer.toString('utf8', 0, bytesRead).replace(/^\uFEFF/, '');
  } finally {
    await handle.close();
  }
}

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
