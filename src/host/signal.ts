/** What ends a subscription or frees what something holds. */
export interface Disposable {
  dispose(): void;
}

/** A place to listen at. A listener that throws does not keep the others from hearing. */
export class Signal<Arguments extends readonly unknown[]> {
  readonly #listeners = new Set<(...values: Arguments) => void>();

  listen(listener: (...values: Arguments) => void): Disposable {
    const own = (...values: Arguments): void => listener(...values);
    this.#listeners.add(own);
    return { dispose: () => void this.#listeners.delete(own) };
  }

  emit(...values: Arguments): void {
    const errors: unknown[] = [];
    for (const listener of [...this.#listeners]) {
      try {
        listener(...values);
      } catch (error) {
        errors.push(error);
      }
    }
    if (errors.length > 0) throw errors[0];
  }
}
