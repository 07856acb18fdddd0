import type * as vscode from 'vscode';

const key = 'lora.dashboards';

/**
 * Which runs have a dashboard open. Pages remember theirs themselves, but a window or an extension host that ends
 * without a word takes that along: what is noted here is left.
 */
export class OpenDashboards {
  readonly #memory: vscode.Memento;
  readonly #open = new Set<string>();
  /** Open when this window or its extension host last ended, and not shown again yet. */
  readonly #before: Set<string>;

  constructor(memory: vscode.Memento) {
    this.#memory = memory;
    this.#before = new Set(memory.get<readonly string[]>(key) ?? []);
  }

  add(folder: string): void {
    this.#before.delete(folder);
    this.#open.add(folder);
    this.#note();
  }

  delete(folder: string): void {
    this.#open.delete(folder);
    this.#note();
  }

  /** A run whose dashboard was open before and is not yet again: the one for a page that forgot what it showed. */
  missing(): string | undefined {
    return [...this.#before][0];
  }

  #note(): void {
    this.#memory.update(key, [...this.#open, ...this.#before]).then(undefined, () => undefined);
  }
}
