import type * as vscode from 'vscode';

/** Where the open pages of each kind are noted. */
export type PagesKey = 'lora.dashboards' | 'lora.previews' | 'lora.playgrounds';

/**
 * Which runs have a dashboard open, recipes a preview, or base models a playground. Pages remember theirs themselves, but a window or an extension host that ends
 * without a word takes that along: what is noted here is left.
 */
export class OpenPages {
  readonly #memory: vscode.Memento;
  readonly #key: PagesKey;
  /** How many pages show each. */
  readonly #open = new Map<string, number>();
  /** Open when this window or its extension host last ended, and not shown again yet. */
  readonly #before: Set<string>;

  constructor(memory: vscode.Memento, key: PagesKey) {
    this.#memory = memory;
    this.#key = key;
    this.#before = new Set(memory.get<readonly string[]>(key) ?? []);
  }

  /** Once for each page. */
  add(shown: string): void {
    this.#before.delete(shown);
    this.#open.set(shown, (this.#open.get(shown) ?? 0) + 1);
    this.#note();
  }

  delete(shown: string): void {
    const others = (this.#open.get(shown) ?? 0) - 1;
    if (others > 0) this.#open.set(shown, others);
    else this.#open.delete(shown);
    this.#note();
  }

  /** What was shown before and is not yet again: the one for a page that forgot what it showed. */
  missing(): string | undefined {
    return [...this.#before][0];
  }

  #note(): void {
    this.#memory.update(this.#key, [...this.#open.keys(), ...this.#before]).then(undefined, () => undefined);
  }
}
