import { stat } from 'node:fs/promises';

/** What was made from files, kept while they are the same: by path, size and time of change. */
export class Remembered<Value> {
  readonly #kept = new Map<string, { readonly stamp: string; readonly value: Promise<Value> }>();
  readonly #limit: number;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** `key` names the value; `files` are what it was made from. A failure is not kept. */
  async get(key: string, files: readonly string[], make: () => Promise<Value>): Promise<Value> {
    const stamp = (await Promise.all(files.map(stampOf))).join('|');
    const known = this.#kept.get(key);
    if (known?.stamp === stamp) return known.value;
    const value = make();
    this.#kept.delete(key);
    this.#kept.set(key, { stamp, value });
    for (const oldest of [...this.#kept.keys()].slice(0, -this.#limit)) this.#kept.delete(oldest);
    value.catch(() => this.#kept.delete(key));
    return value;
  }
}

async function stampOf(file: string): Promise<string> {
  const found = await stat(file).catch(() => undefined);
  return found === undefined ? 'none' : `${found.size}:${found.mtimeMs}`;
}
