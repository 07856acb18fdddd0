import { spawn } from 'node:child_process';
import { systemErrorCode } from '../../formats/failures';

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  /** The last line that says something; of stderr, or of stdout where that is empty. */
  readonly said: string;
}

/**
 * Runs a program of the system to its end; undefined where there is none of that name. Throws once `signal` is aborted,
 * which ends the program and what it started.
 */
export async function runProgram(
  name: string,
  given: readonly string[],
  options: { readonly cwd?: string; readonly signal: AbortSignal },
): Promise<Ended | undefined> {
  options.signal.throwIfAborted();
  const child = spawn(name, given, { cwd: options.cwd, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  const end = (): void => {
    if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, 'SIGKILL');
  };
  options.signal.addEventListener('abort', end);
  try {
    return await new Promise<Ended | undefined>((resolve, reject) => {
      let [stdout, stderr] = ['', ''];
      child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
      child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr = (stderr + text).slice(-10_000)));
      child.once('error', (error) => (systemErrorCode(error) === 'ENOENT' ? resolve(undefined) : reject(error)));
      child.once('close', (code) => resolve({ code, stdout, said: essence(stderr) || essence(stdout) }));
    });
  } finally {
    options.signal.removeEventListener('abort', end);
    options.signal.throwIfAborted();
  }
}

/** The last line with an error, or else the last one. */
function essence(text: string): string {
  const lines = text.split('\n').map((line) => line.trim());
  const telling = lines.filter((line) => line !== '' && !/^\[?notice|^npm notice|complete log/i.test(line));
  return telling.findLast((line) => /error/i.test(line)) ?? telling.at(-1) ?? '';
}
