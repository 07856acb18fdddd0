import { fork } from 'node:child_process';
import path from 'node:path';
import type { WireError } from '../../../run/engineProtocol';
import { fromWire } from '../../../run/wireError';
import { tensorflowCrashed, tensorflowWrongNumbers } from '../../runtime/tensorflow/failures';

/** What the process says in which TensorFlow is tried. */
export type TrialAnswer =
  { readonly difference: { readonly name: string; readonly size: number } } | { readonly error: WireError };

export interface TrialOptions {
  /** The file of the binding. */
  readonly binding: string;
  readonly gpu: boolean;
  readonly signal: AbortSignal;
  /** Milliseconds after which it counts as hung. */
  readonly patience?: number;
}

/** A graphics card's code may be compiled first, which takes a minute or two. */
const patience = 300_000;

/** Float32 rounding of a whole step; a wrong kernel is off by far more. */
const tolerance = 1e-4;

/**
 * Computes a small training step with TensorFlow in a process of its own, so that whatever its native code does is an answer.
 * Gives how far its numbers are from the reference runtime's. Throws once `signal` is aborted.
 * @throws Failure `tensorflow-…`
 */
export async function tryTensorflow(options: TrialOptions): Promise<number> {
  options.signal.throwIfAborted();
  const answer = await ask(options);
  options.signal.throwIfAborted();
  if ('error' in answer) throw fromWire(answer.error);
  const { name, size } = answer.difference;
  if (!(size < tolerance)) throw tensorflowWrongNumbers(name, size);
  return size;
}

async function ask({ binding, gpu, signal, patience: limit = patience }: TrialOptions): Promise<TrialAnswer> {
  // VS Code's extension host is Electron: as a child it must be told to be Node.
  const env = { ...process.env, ELECTRON_RUN_AS_NODE: '1' };
  const child = fork(path.join(__dirname, 'tensorflowTrial.js'), [binding, gpu ? 'gpu' : 'cpu'], {
    env,
    execArgv: [],
    // Its stdin is what it ends with, once this process is gone.
    stdio: ['pipe', 'ignore', 'ignore', 'ipc'],
  });
  const end = (): void => void child.kill('SIGKILL');
  signal.addEventListener('abort', end);
  let isHung = false;
  const timer = setTimeout(() => {
    isHung = true;
    end();
  }, limit);
  try {
    return await new Promise<TrialAnswer>((resolve, reject) => {
      let answer: TrialAnswer | undefined;
      child.on('message', (message) => (answer = message as TrialAnswer));
      child.once('error', reject);
      child.once('close', (code, killed) => {
        if (answer !== undefined) resolve(answer);
        else if (signal.aborted) reject(signal.reason as Error);
        else reject(tensorflowCrashed(isHung ? `no answer within ${limit / 1000} s` : (killed ?? `exit code ${code}`)));
      });
    });
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', end);
  }
}
