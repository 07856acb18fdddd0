import { adapterStamp } from '../adapterStamp';
import type { TextModel } from '../textModel';

interface Known {
  readonly folder: string;
  readonly stamp: string;
  /** Resolves once the model has it, or cannot read it. */
  readonly ready: Promise<void>;
}

/** Adapters of a server by the names that clients ask for. One that was trained anew is attached anew when it is asked next. */
export class ServedAdapters {
  readonly #known = new Map<string, Known>();

  constructor(private readonly model: TextModel) {}

  /** @throws Failure where it cannot be read or belongs to another model */
  async attach(name: string, folder: string): Promise<void> {
    const stamp = await adapterStamp(folder);
    await this.model.attach(name, folder);
    this.#known.set(name, { folder, stamp, ready: Promise.resolve() });
  }

  /** Whether there was one of that name. */
  detach(name: string): boolean {
    this.#known.delete(name);
    return this.model.detach(name);
  }

  /**
   * Gives the folder of an adapter that had to be attached anew. Where that fails the model keeps what it had, and it is
   * tried again once the files are others again.
   * @throws Failure where it cannot be read as it is now
   */
  async bringUpToDate(name: string): Promise<string | undefined> {
    const known = this.#known.get(name);
    if (known === undefined) return undefined;
    const { folder } = known;
    const stamp = await adapterStamp(folder);
    const current = this.#known.get(name);
    // Detached, replaced, or seen by another request at the same time.
    if (current !== known || known.stamp === stamp) {
      await current?.ready;
      return undefined;
    }
    const attaching = this.model.attach(name, folder);
    this.#known.set(name, { folder, stamp, ready: attaching.catch(() => undefined) });
    await attaching;
    // Detached meanwhile.
    if (!this.#known.has(name)) this.model.detach(name);
    return folder;
  }
}
