/** What a run that is paused waits at. */
export class PauseGate {
  #opened: PromiseWithResolvers | undefined;

  get isClosed(): boolean {
    return this.#opened !== undefined;
  }

  close(): void {
    this.#opened ??= promiseWithResolvers();
  }

  open(): void {
    this.#opened?.resolve();
    this.#opened = undefined;
  }

  /** Resolves when the gate is open or `signal` is aborted. */
  async passable(signal: AbortSignal): Promise<void> {
    while (this.#opened !== undefined && !signal.aborted) {
      const { promise, resolve } = this.#opened;
      signal.addEventListener('abort', resolve, { once: true });
      await promise;
      signal.removeEventListener('abort', resolve);
    }
  }
}

interface PromiseWithResolvers {
  readonly promise: Promise<void>;
  readonly resolve: () => void;
}

function promiseWithResolvers(): PromiseWithResolvers {
  let resolve: () => void = () => undefined;
  const promise = new Promise<void>((settle) => (resolve = settle));
  return { promise, resolve };
}
