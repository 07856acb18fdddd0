import { fork } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import type { Device } from '../runtime/runtime';
import { nothingFound } from './probeResult';
import type { ProbeOutcome, ProbeResult } from './probeResult';

export interface ProbeOptions {
  /** What the child process runs. Beside the bundle that asks, if left out. */
  readonly file?: string;
  /** Milliseconds after which a device counts as hung: for each part of the trial. */
  readonly patience?: number;
  /** Where CUDA is set up, if that is not the usual folder. */
  readonly cuda?: string;
  /** Ends the trial, which then counts as interrupted. */
  readonly signal?: AbortSignal;
}

/** Compiling all shaders takes a slow device some twenty seconds. */
const patience = 100_000;
const keptOutput = 4096;

/** Signals that a driver does not send: somebody ended the trial. */
const endedByOthers: readonly (string | null)[] = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGKILL'];

/** Tries a device in a process of its own. Whatever the driver does is a result. */
export async function probe(device: Device, options: ProbeOptions = {}): Promise<ProbeResult> {
  const file = options.file ?? path.join(__dirname, 'deviceProbe.js');
  if (!existsSync(file)) throw new Error(`There is no ${file}`);
  // VS Code's extension host is Electron: as a child it must be told to be Node.
  const env = { ...process.env, ELECTRON_RUN_AS_NODE: '1' };
  const limit = options.patience ?? patience;
  const cuda = options.cuda === undefined ? [] : [options.cuda];
  const child = fork(file, [device, String(limit), ...cuda], {
    env,
    execArgv: [],
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  return new Promise((resolve) => {
    let result: ProbeResult | undefined;
    let [said, isHung] = ['', false];
    const timer = setTimeout(() => {
      isHung = true;
      child.kill('SIGKILL');
    }, limit);
    const stop = (): void => void child.kill('SIGKILL');
    options.signal?.addEventListener('abort', stop);
    child.on('message', (message) => {
      result = message as ProbeResult;
      timer.refresh();
    });
    child.stderr!.setEncoding('utf8').on('data', (text: string) => (said = (said + text).slice(-keptOutput)));
    const end = (outcome: ProbeOutcome, detail: string): void => {
      clearTimeout(timer);
      options.signal?.removeEventListener('abort', stop);
      const hint = outcome === 'interrupted' ? { wasInterrupted: true as const } : {};
      resolve(result === undefined ? { device, outcome, detail, ...nothingFound } : { ...result, ...hint });
    };
    child.once('error', (error) => end('failed', error.message));
    child.once('close', (code, signal) => {
      if (isHung) end('hung', '');
      else if (endedByOthers.includes(signal)) end('interrupted', '');
      else end('crashed', [signal ?? `exit code ${code}`, lastLine(said)].filter((part) => part !== '').join(': '));
    });
  });
}

function lastLine(text: string): string {
  return text.trimEnd().split('\n').at(-1)?.trim() ?? '';
}
