import { describePlace, Failure } from '../failure/failure';
import { whyNoEngine } from './platforms';
import type { ErrorEvent } from './trainingEvent';

/**
 * The event that ends a run which failed; `metrics.jsonl` and `lora train --json` hold it. A line of the user's data is
 * named in the message, as an event has no place of its own.
 */
export function errorEvent(failure: Failure): ErrorEvent {
  const line = failure.place?.line === undefined ? '' : `${describePlace(failure.place)}: `;
  return { type: 'error', code: failure.code, message: `${line}${failure.message}`, hint: failure.hint ?? null };
}

/** `--resume latest` where this recipe has no run. */
export function noRunToResume(recipeFile: string): Failure {
  return new Failure('no-run-to-resume', 'This recipe has no earlier run that could be resumed.', {
    hint: 'Start one with `lora train` without --resume.',
    place: { file: recipeFile },
  });
}

/** `--resume RUN` with an id that is not there; `known` are the ids of this recipe's runs. */
export function unknownRun(run: string, known: readonly string[]): Failure {
  const some = known.slice(0, 5).join(', ');
  return new Failure('unknown-run', `There is no run "${run}".`, {
    hint:
      known.length === 0 ? 'This recipe has no runs yet.' : `Runs of this recipe: ${some}. \`lora runs\` lists all.`,
  });
}

/** The recipe was changed since the run began in a way that would make another run of it; `keys` as in recipes. */
export function recipeDiffersFromRun(keys: readonly string[], run: string): Failure {
  const list = keys.map((key) => `\`${key}\``).join(', ');
  return new Failure('recipe-differs-from-run', `The recipe was changed since run ${run} began: ${list}.`, {
    hint: 'Undo these changes to continue the run, or train anew without --resume (from its adapter: `lora.init_from`).',
    place: { ...(keys[0] === undefined ? {} : { path: keys[0] }) },
  });
}

/** A process that holds something, as far as it is known to whoever wants it, too. */
export interface LockHolder {
  readonly pid: number;
  /** The computer on which it runs, where that is another one. */
  readonly host?: string | undefined;
  /** The folder by which it holds it. */
  readonly lock: string;
}

function processOf({ pid, host }: LockHolder): string {
  return `process ${pid}${host === undefined ? '' : ` on the computer ${host}`}`;
}

/** Whether a process of another computer still lives cannot be known: the way out where it does not. */
function whereGone({ host, lock }: LockHolder): string {
  return host === undefined ? '' : ` If nothing trains on that computer any more, delete ${lock}.`;
}

/** Another living process is training this run. */
export function runIsActive(run: string, holder: LockHolder): Failure {
  return new Failure('run-is-active', `Run ${run} is being trained by ${processOf(holder)} right now.`, {
    hint: `Wait until it ends, or stop it first.${whereGone(holder)}`,
  });
}

/** The run that holds an output folder, as far as it is known to whoever wants it, too. */
export interface OutputHolder extends LockHolder {
  /** Its id, once it has a folder. */
  readonly run?: string | undefined;
  /** The last step that it has made. */
  readonly step?: number | undefined;
}

/** Another living run is going to write this output folder. */
export function outputInUse(output: string, holder: OutputHolder): Failure {
  const { run, step } = holder;
  const where = processOf(holder);
  const who =
    run === undefined
      ? `Another run (${where})`
      : `Run ${run} (${where}${step === undefined ? '' : `, at step ${step}`})`;
  return new Failure('output-in-use', `${who} is training into ${output} right now.`, {
    hint: `Wait until it ends, stop it, or give this recipe another \`output\` or \`name\`.${whereGone(holder)}`,
  });
}

/** Editor and engine are of different versions of LoRA Workbench; `editor` and `engine` are protocol versions. */
export function engineVersionMismatch(editor: number, engine: number): Failure {
  return new Failure(
    'engine-version-mismatch',
    `The extension and its engine do not fit together: they speak versions ${editor} and ${engine} of their protocol.`,
    { hint: 'Reload the window. If that does not help, install the extension again.', exitCode: 3 },
  );
}

/** The user gave up what only looked at files. */
export function lookCancelled(): Failure {
  return new Failure('look-cancelled', 'This was cancelled.', { exitCode: 130 });
}

/** An engine process trains one run at a time. */
export function engineBusy(): Failure {
  return new Failure('engine-busy', 'This engine is already training a run.', {
    hint: 'Wait until it ends, or stop it first.',
  });
}

/** Why nothing can be trained on a computer, as `process.platform` and `process.arch` name it; undefined where it can. */
export function platformNotSupported(platform: string, arch: string): Failure | undefined {
  const reason = whyNoEngine(platform, arch);
  if (reason === undefined) return undefined;
  return new Failure('platform-not-supported', reason, {
    hint: 'It runs on Linux and Windows (x64, arm64) and on Macs with Apple silicon, also over Remote SSH.',
    exitCode: 3,
  });
}

/** The engine process serves adapters already. */
export function alreadyServing(): Failure {
  return new Failure('already-serving', 'Adapters are being served already.', {
    hint: 'Add the adapter to that server, or stop it first.',
  });
}

/** Nothing listens: the server has ended, or has not begun. */
export function notServing(): Failure {
  return new Failure('not-serving', 'No adapters are being served right now.', {
    hint: 'Serve some first.',
  });
}
