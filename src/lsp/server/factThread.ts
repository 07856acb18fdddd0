import { Worker } from 'node:worker_threads';
import {
  NoAnswer,
  TookTooLong,
  type Answers,
  type AskedRecipe,
  type Finder,
  type FromThread,
  type QuestionName,
  type ToThread,
} from './questions';

export interface ThreadOptions {
  /** Absolute path of the thread's bundle. */
  readonly file: string;
  /** A thread that is silent for so many milliseconds is ended: a recipe's pattern or template may never come to an end. */
  readonly limit: () => number;
  /** Megabytes of JavaScript heap, and of the part of it for what lives shortly. */
  readonly heap: { readonly whole: number; readonly young: number };
  readonly log: (line: string) => void;
}

/** What the thread has been given and has not answered yet. */
interface Asked {
  readonly name: QuestionName;
  readonly recipe: AskedRecipe;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
  /** Nobody waits any more; the thread may be at it all the same. */
  isForgotten: boolean;
}

/**
 * A thread that finds things out, so that whoever types never waits. It is started with the first question, works them
 * off in their order, and is started anew after it had to be ended: what others asked meanwhile is asked again.
 */
export class FactThread implements Finder {
  readonly #options: ThreadOptions;
  /** In the order of asking: the first is the one that the thread is at. */
  readonly #asked = new Map<number, Asked>();
  #worker: Worker | undefined;
  #nextId = 1;
  #watch: NodeJS.Timeout | undefined;
  #isDisposed = false;

  constructor(options: ThreadOptions) {
    this.#options = options;
  }

  /** Has it ready before the first question. */
  warmUp(): void {
    if (!this.#isDisposed) this.#worker ??= this.#start();
  }

  /** Rejects with `NoAnswer`, also once `signal` is aborted; with `TookTooLong` after the time limit. */
  ask<Name extends QuestionName>(name: Name, recipe: AskedRecipe, signal: AbortSignal): Promise<Answers[Name]> {
    return new Promise((resolve, reject) => {
      if (signal.aborted || this.#isDisposed) {
        reject(new NoAnswer('Not asked any more'));
        return;
      }
      const id = this.#nextId++;
      const settle = resolve as (value: unknown) => void;
      this.#asked.set(id, { name, recipe, resolve: settle, reject, isForgotten: false });
      signal.addEventListener('abort', () => this.#forget(id), { once: true });
      this.#send({ type: 'ask', id, name, recipe });
      this.#watchOver();
    });
  }

  async dispose(): Promise<void> {
    this.#isDisposed = true;
    clearTimeout(this.#watch);
    await this.#worker?.terminate();
    this.#giveUp('The server ends');
  }

  #send(message: ToThread): void {
    this.#worker ??= this.#start();
    this.#worker.postMessage(message);
  }

  #start(): Worker {
    const { file, heap, log } = this.#options;
    const resourceLimits = { maxOldGenerationSizeMb: heap.whole, maxYoungGenerationSizeMb: heap.young };
    const worker = new Worker(file, { resourceLimits, stdout: true, stderr: true });
    // What is printed must not get between the messages on this process's own stdout.
    for (const stream of [worker.stdout, worker.stderr])
      stream.on('data', (text: Buffer) => log(String(text).trimEnd()));
    worker.on('message', (message: FromThread) => this.#hear(message));
    worker.on('error', (error) => log(`A thread ended: ${error.stack ?? error.message}`));
    worker.on('exit', () => {
      // Ended by itself: it is not known which question did it, so none is asked again.
      if (this.#worker !== worker) return;
      this.#worker = undefined;
      this.#giveUp('The thread ended');
    });
    return worker;
  }

  #hear(message: FromThread): void {
    const asked = this.#asked.get(message.id);
    this.#asked.delete(message.id);
    this.#watchAnew();
    if (message.type === 'answer') asked?.resolve(message.value);
    if (message.type !== 'broken') return;
    this.#options.log(message.stack);
    asked?.reject(new NoAnswer(message.stack));
  }

  #forget(id: number): void {
    const asked = this.#asked.get(id);
    if (asked === undefined || asked.isForgotten) return;
    asked.isForgotten = true;
    this.#worker?.postMessage({ type: 'forget', id } satisfies ToThread);
    asked.reject(new NoAnswer('Not asked any more'));
  }

  #watchAnew(): void {
    clearTimeout(this.#watch);
    this.#watch = undefined;
    this.#watchOver();
  }

  #watchOver(): void {
    if (this.#asked.size === 0 || this.#watch !== undefined) return;
    this.#watch = setTimeout(() => this.#endThread(), this.#options.limit());
    this.#watch.unref();
  }

  /** The question that the thread is at has no end. */
  #endThread(): void {
    const worker = this.#worker;
    this.#worker = undefined;
    void worker?.terminate();
    const [culprit] = this.#asked.values();
    this.#options.log(`"${culprit?.name ?? ''}" took longer than ${this.#options.limit()} ms: its thread was ended.`);
    for (const [id, asked] of this.#asked) {
      // What else is asked about the same text would come to the same end.
      const isAlike = asked.recipe.file === culprit?.recipe.file && asked.recipe.text === culprit.recipe.text;
      if (asked === culprit || isAlike) asked.reject(new TookTooLong('It took too long'));
      if (asked === culprit || isAlike || asked.isForgotten) this.#asked.delete(id);
      else this.#send({ type: 'ask', id, name: asked.name, recipe: asked.recipe });
    }
    this.#watchAnew();
  }

  #giveUp(reason: string): void {
    const all = [...this.#asked.values()];
    this.#asked.clear();
    this.#watchAnew();
    for (const { reject } of all) reject(new NoAnswer(reason));
  }
}
