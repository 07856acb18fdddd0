import { Worker } from 'node:worker_threads';
import {
  NoAnswer,
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
  readonly limit: number;
  /** Megabytes of JavaScript heap. */
  readonly heap: number;
  readonly log: (line: string) => void;
}

interface Waiting {
  readonly name: QuestionName;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

/**
 * A thread that finds things out, so that whoever types never waits. It is started with the first question, works them
 * off in their order, and is started anew after it had to be ended.
 */
export class FactThread implements Finder {
  readonly #options: ThreadOptions;
  readonly #waiting = new Map<number, Waiting>();
  #worker: Worker | undefined;
  #nextId = 1;
  #watch: NodeJS.Timeout | undefined;

  constructor(options: ThreadOptions) {
    this.#options = options;
  }

  /** Has it ready before the first question. */
  warmUp(): void {
    this.#worker ??= this.#start();
  }

  /** Rejects with `NoAnswer`, also once `signal` is aborted. */
  ask<Name extends QuestionName>(name: Name, recipe: AskedRecipe, signal: AbortSignal): Promise<Answers[Name]> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) {
        reject(new NoAnswer('Not asked any more'));
        return;
      }
      const id = this.#nextId++;
      const waiting: Waiting = { name, resolve: resolve as (value: unknown) => void, reject };
      this.#waiting.set(id, waiting);
      signal.addEventListener('abort', () => this.#forget(id), { once: true });
      this.#send({ type: 'ask', id, name, recipe });
      this.#watchOver();
    });
  }

  async dispose(): Promise<void> {
    clearTimeout(this.#watch);
    await this.#worker?.terminate();
    this.#end('The server ends');
  }

  #send(message: ToThread): void {
    this.#worker ??= this.#start();
    this.#worker.postMessage(message);
  }

  #start(): Worker {
    const { file, heap, log } = this.#options;
    const worker = new Worker(file, { resourceLimits: { maxOldGenerationSizeMb: heap }, stdout: true, stderr: true });
    // What is printed must not get between the messages on this process's own stdout.
    for (const stream of [worker.stdout, worker.stderr])
      stream.on('data', (text: Buffer) => log(String(text).trimEnd()));
    worker.on('message', (message: FromThread) => this.#hear(message));
    worker.on('error', (error) => log(`A thread ended: ${error.stack ?? error.message}`));
    worker.on('exit', () => {
      if (this.#worker !== worker) return;
      this.#worker = undefined;
      this.#end('The thread ended');
    });
    return worker;
  }

  #hear(message: FromThread): void {
    const waiting = this.#waiting.get(message.id);
    this.#waiting.delete(message.id);
    clearTimeout(this.#watch);
    this.#watch = undefined;
    if (message.type === 'answer') waiting?.resolve(message.value);
    else {
      this.#options.log(message.stack);
      waiting?.reject(new NoAnswer(message.stack));
    }
    this.#watchOver();
  }

  #forget(id: number): void {
    const waiting = this.#waiting.get(id);
    if (waiting === undefined) return;
    this.#waiting.delete(id);
    this.#worker?.postMessage({ type: 'forget', id } satisfies ToThread);
    waiting.reject(new NoAnswer('Not asked any more'));
  }

  #watchOver(): void {
    if (this.#waiting.size === 0 || this.#watch !== undefined) return;
    this.#watch = setTimeout(() => {
      this.#watch = undefined;
      const [oldest] = this.#waiting.values();
      this.#options.log(`"${oldest?.name ?? ''}" took longer than ${this.#options.limit} ms and was ended.`);
      const worker = this.#worker;
      this.#worker = undefined;
      void worker?.terminate();
      this.#end('It took too long');
    }, this.#options.limit);
    this.#watch.unref();
  }

  #end(reason: string): void {
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const { reject } of waiting) reject(new NoAnswer(reason));
  }
}
