import { readFile } from 'node:fs/promises';
import * as vscode from 'vscode';
import type { TrainRequest } from '../engine/engineClient';
import type { Job } from '../runs/job';
import type { RunService } from '../runs/runService';
import { TaskLines } from './taskLines';
import { exitCodeOf, problemLines } from './taskProblems';

const ctrlC = '\u0003';

/**
 * Milliseconds in which VS Code draws a line: it finds problems in what is drawn, and looks no longer once a task is over.
 * A busy machine has lost the last of two lines in 200 ms.
 */
const drawn = { line: 200, problems: 1500 };

/**
 * A task's terminal. There is no process behind it: the run is a job of the run service like any other, so that queue,
 * tree, status bar and dashboard know it, and this prints what it says.
 */
export class TaskTerminal implements vscode.Pseudoterminal {
  readonly #written = new vscode.EventEmitter<string>();
  readonly #closed = new vscode.EventEmitter<number>();
  readonly onDidWrite = this.#written.event;
  readonly onDidClose = this.#closed.event;
  #job: Job | undefined;

  constructor(
    private readonly service: RunService,
    /** A sentence where the task cannot be run at all. */
    private readonly request: TrainRequest | string,
  ) {}

  open(): void {
    if (typeof this.request === 'string') {
      this.#line(this.request);
      this.#closed.fire(2);
      return;
    }
    void this.#train(this.request);
  }

  /** The task was terminated or its terminal closed: the run keeps a checkpoint. */
  close(): void {
    if (this.#job !== undefined) void this.service.cancel(this.#job);
  }

  handleInput(typed: string): void {
    if (!typed.includes(ctrlC) || this.#job === undefined) return;
    this.#line('Stopping after this step …');
    void this.service.cancel(this.#job);
  }

  async #train(request: TrainRequest): Promise<void> {
    const lines = new TaskLines(() => performance.now());
    const before = this.service.jobs.length;
    const job = this.service.train(request);
    this.#job = job;
    if (job.phase === 'waiting') {
      this.#line(`Waits for its turn: ${before === 1 ? 'a run trains' : `${before} runs are`} before it.`);
    }
    const subscription = this.service.onDidHear((heard, events) => {
      if (heard !== job) return;
      for (const event of events) for (const line of lines.linesFor(event)) this.#line(line);
    });
    const end = await job.end;
    subscription.dispose();
    const text = await readFile(request.recipeFile, 'utf8').catch(() => undefined);
    const problems = problemLines(end, request.recipeFile, text);
    for (const line of problems) this.#line(line);
    setTimeout(() => this.#closed.fire(exitCodeOf(end)), problems.length === 0 ? drawn.line : drawn.problems);
  }

  /** Models may write control characters, which a terminal would obey. */
  #line(text: string): void {
    const shown = text.replace(/(?![\n\t])\p{Cc}/gu, '\ufffd').replaceAll('\n', '\r\n');
    this.#written.fire(`${shown}\r\n`);
  }
}
