import { spawn } from 'node:child_process';

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  /** The end of what it printed on stderr. */
  readonly stderr: string;
  /** The last line that says something; of stderr, or of stdout where that is empty. */
  readonly said: string;
}

export interface ProgramOptions {
  readonly cwd?: string;
  readonly signal: AbortSignal;
  /** Added to this process' environment. */
  readonly env?: Readonly<Record<string, string>>;
}

/**
 * Starts a program that must not outlive this process, however that ends: the shell leads a group of its own, and its other
 * half waits for the end of stdin, which this process holds open and never writes to; then it kills the whole group.
 */
const guarded = `
exec 3<&0
command -v "$1" >/dev/null 2>&1 || exit 127
"$@" </dev/null 3<&- &
program=$!
( while read -r _ <&3; do :; done; kill -9 -$$ ) >/dev/null 2>&1 &
wait $program
`;

/** What the shell says where there is no such program. */
const noProgram = 127;

/**
 * Runs a program of the system to its end; undefined where there is none of that name. Throws once `signal` is aborted,
 * which ends the program and what it started; so does the end of this process.
 */
export async function runProgram(
  name: string,
  given: readonly string[],
  { cwd, signal, env }: ProgramOptions,
): Promise<Ended | undefined> {
  signal.throwIfAborted();
  const child = spawn('/bin/sh', ['-c', guarded, 'sh', name, ...given], {
    cwd,
    env: { ...process.env, ...env },
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const end = (): void => {
    if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, 'SIGKILL');
  };
  signal.addEventListener('abort', end);
  try {
    return await new Promise<Ended | undefined>((resolve, reject) => {
      let [stdout, stderr] = ['', ''];
      // It closes when the shell ends, which is no error.
      child.stdin.on('error', () => undefined);
      child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
      child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr = (stderr + text).slice(-10_000)));
      child.once('error', reject);
      child.once('close', (code) => {
        if (code === noProgram && stdout === '') resolve(undefined);
        else resolve({ code, stdout, stderr, said: essence(stderr) || essence(stdout) });
      });
    });
  } finally {
    signal.removeEventListener('abort', end);
    signal.throwIfAborted();
  }
}

/** The last line with an error, or else the last one. */
function essence(text: string): string {
  const lines = text.split('\n').map((line) => line.trim());
  const telling = lines.filter((line) => line !== '' && !/^\[?notice|^npm notice|complete log/i.test(line));
  return telling.findLast((line) => /error/i.test(line)) ?? telling.at(-1) ?? '';
}
