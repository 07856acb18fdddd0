import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { endsAlike } from './givenUp';
import {
  GaveUp,
  NoAnswer,
  type Answers,
  type AskedRecipe,
  type Finder,
  type FromChild,
  type QuestionName,
  type ToChild,
} from './questions';

export interface ProcessOptions {
  /** Absolute path of the child's bundle. */
  readonly file: string;
  /** A child that is silent for so many milliseconds is ended: a recipe's pattern or template may never come to an end. */
  readonly limit: () => number;
  /** Megabytes of JavaScript heap. A thread would take the server along when it needs more; a child ends alone. */
  readonly heap: number;
  readonly log: (line: string) => void;
}

/** What the child has been given and has not answered yet. */
interface Asked {
  readonly name: QuestionName;
  readonly recipe: AskedRecipe;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
  /** Nobody waits any more; the child may be at it all the same. */
  isForgotten: boolean;
}

/**
 * A child process that finds things out, so that whoever types never waits. It works questions off in their order, and is
 * started anew after it had to be ended or ended itself: what others asked meanwhile is asked again.
 */
export class FactProcess implements Finder {
  readonly #options: ProcessOptions;
  /** In the order of asking: the first is the one that the child is at. */
  readonly #asked = new Map<number, Asked>();
  #child: ChildProcess | undefined;
  #nextId = 1;
  #watch: NodeJS.Timeout | undefined;
  #isDisposed = false;

  constructor(options: ProcessOptions) {
    this.#options = options;
    // An exit of this process does not end its children; a kill of it does, through their lifeline.
    process.once('exit', () => this.#child?.kill('SIGKILL'));
  }

  /** Has it ready before the first question. */
  warmUp(): void {
    if (!this.#isDisposed) this.#child ??= this.#start();
  }

  /** Rejects with `NoAnswer`, also once `signal` is aborted; with `GaveUp` beyond the limits. */
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
    const child = this.#child;
    this.#child = undefined;
    if (child?.kill('SIGKILL') === true) await once(child, 'exit');
    this.#giveUp('The server ends');
  }

  #send(message: ToChild): void {
    this.#child ??= this.#start();
    // A child that is gone says so itself.
    this.#child.send(message, () => undefined);
  }

  #start(): ChildProcess {
    const { file, heap, log } = this.#options;
    const child = fork(file, {
      // Without the flags of this process: a debugger's port is not meant for two.
      execArgv: [`--max-old-space-size=${heap}`, '--max-semi-space-size=1', '--optimize-for-size'],
      // In VS Code `process.execPath` is the editor's own.
      env: { ...process.env, ELECTRON_RUN_AS_NODE: '1' },
      serialization: 'advanced',
      // Nothing is ever written to stdin: its end tells the child that this process is gone. What the child prints must
      // not get between the messages on this process's own stdout.
      stdio: ['pipe', 'pipe', 'pipe', 'ipc'],
    });
    log(`Process ${child.pid ?? ''} looks at recipes.`);
    let said = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (text: Buffer) => {
        said = `${said}${String(text)}`.slice(-10_000);
        log(String(text).trimEnd());
      });
    }
    child.stdin?.on('error', () => undefined);
    child.on('message', (message) => this.#hear(message as FromChild));
    child.once('error', (error) => log(`A child process fails: ${error.message}`));
    void this.#ended(child).then((how) => {
      if (this.#child !== child) return;
      this.#child = undefined;
      log(`A child process has ended (${how}).`);
      if (/out of memory|heap limit/i.test(said)) this.#startAnew('memory');
      // It is not known what ended it, so nothing is asked again.
      else this.#giveUp('The child process ended');
    });
    return child;
  }

  /** Resolves once the child is gone and all that it had said is heard. */
  async #ended(child: ChildProcess): Promise<string> {
    // A child that could not be started has no channel that ends.
    if (child.pid === undefined) return 'it could not be started';
    await Promise.all([once(child, 'close'), once(child, 'disconnect')]);
    return child.signalCode ?? `exit code ${child.exitCode}`;
  }

  #hear(message: FromChild): void {
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
    this.#send({ type: 'forget', id });
    asked.reject(new NoAnswer('Not asked any more'));
  }

  #watchAnew(): void {
    clearTimeout(this.#watch);
    this.#watch = undefined;
    this.#watchOver();
  }

  #watchOver(): void {
    if (this.#asked.size === 0 || this.#watch !== undefined) return;
    this.#watch = setTimeout(() => this.#endChild(), this.#options.limit());
    this.#watch.unref();
  }

  /** The question that the child is at has no end. */
  #endChild(): void {
    const [culprit] = this.#asked.values();
    this.#options.log(`"${culprit?.name ?? ''}" took longer than ${this.#options.limit()} ms: its process was ended.`);
    this.#child?.kill('SIGKILL');
    this.#child = undefined;
    this.#startAnew('time');
  }

  /** With another child, and without the question that the last one could not answer. */
  #startAnew(reason: GaveUp['reason']): void {
    const [culprit] = this.#asked.values();
    // Has it failed before anything was asked, it would again.
    if (culprit === undefined) return;
    this.warmUp();
    for (const [id, asked] of this.#asked) {
      const isHopeless = endsAlike(asked, culprit);
      if (isHopeless) asked.reject(new GaveUp(reason));
      if (isHopeless || asked.isForgotten) this.#asked.delete(id);
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
