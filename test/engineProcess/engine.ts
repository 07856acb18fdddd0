import { writeFileSync } from 'node:fs';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { startEngine } from '../../src/host/engine/engineClient';
import type { EngineClient, EngineOptions, TrainRequest, TrainingHandle } from '../../src/host/engine/engineClient';
import type { TrainingEvent } from '../../src/run/trainingEvent';

export const engineFile = path.resolve('dist/engine.js');

/** A real engine process that lives no longer than the test, and what it says. */
export class TestEngine {
  readonly client: EngineClient;
  /** What the engine says. */
  readonly lines: string[] = [];
  /** What is logged of the protocol. */
  readonly notes: string[] = [];
  readonly #waiting: { readonly pattern: RegExp; readonly resolve: (found: RegExpExecArray) => void }[] = [];

  constructor(t: Pick<TestContext, 'after'>, options: Partial<EngineOptions> = {}) {
    this.client = startEngine({
      engineFile,
      log: (text, level) => {
        if (level === 'debug' || level === 'trace') {
          this.notes.push(`${level} ${text}`);
          return;
        }
        const line = level === 'warning' || level === 'error' ? `${level}: ${text}` : text;
        this.lines.push(line);
        for (const { pattern, resolve } of this.#waiting) {
          const found = pattern.exec(line);
          if (found !== null) resolve(found);
        }
      },
      ...options,
    });
    t.after(() => this.client.dispose());
  }

  /** The first line that was or will be said and fits. */
  line(pattern: RegExp): Promise<RegExpExecArray> {
    for (const line of this.lines) {
      const found = pattern.exec(line);
      if (found !== null) return Promise.resolve(found);
    }
    return new Promise((resolve) => this.#waiting.push({ pattern, resolve }));
  }

  async pid(): Promise<number> {
    return Number((await this.line(/^Engine process (\d+) /))[1]);
  }

  train(request: TrainRequest, onEvent: (event: TrainingEvent, run: WatchedRun) => void = () => undefined): WatchedRun {
    const run: WatchedRun = {
      events: [],
      ...this.client.train(request, (event) => {
        run.events.push(event);
        onEvent(event, run);
      }),
    };
    return run;
  }
}

export interface WatchedRun extends TrainingHandle {
  readonly events: TrainingEvent[];
}

/** Calls `act` with the first event of a type. */
export function once(
  type: TrainingEvent['type'],
  act: (run: WatchedRun) => void,
): (event: TrainingEvent, run: WatchedRun) => void {
  let isDone = false;
  return (event, run) => {
    if (isDone || event.type !== type) return;
    isDone = true;
    act(run);
  };
}

/**
 * The environment of an engine that also runs a script of ours: real disturbances (a blocked thread, noise, too little
 * memory) at a moment of the test's choice. `code` runs in the main thread alone, before the engine.
 */
export function disturbed(folder: string, code: string, flags = ''): Readonly<Record<string, string>> {
  const file = path.join(folder, 'disturb.cjs');
  writeFileSync(file, `if (require('node:worker_threads').isMainThread) { ${code} }\n`);
  return { NODE_OPTIONS: `--require ${JSON.stringify(file)} ${flags}` };
}

/** Code for `disturbed`: once `file` is there, says `blocked` and never gives the thread back. */
export function blockWhen(file: string): string {
  return `
    const { existsSync, writeSync } = require('node:fs');
    setInterval(() => {
      if (!existsSync(${JSON.stringify(file)})) return;
      writeSync(2, 'blocked\\n');
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
    }, 5).unref();`;
}
