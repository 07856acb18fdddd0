// Programs that are run for a measurement: each ends by itself or is ended.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

/**
 * Runs a program for at most `seconds`; gives what it printed, each line of stdout with the second at which it came. A program
 * that is not there has the code 127.
 * @returns {Promise<{code: number | null, isOver: boolean, lines: {text: string, at: number}[], stderr: string}>}
 */
export async function run(name, given, { seconds, env = {}, cwd } = {}) {
  const began = performance.now();
  const child = spawn(name, given, { cwd, env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  const lines = [];
  let [stderr, isOver] = ['', true];
  child.stderr.setEncoding('utf8').on('data', (text) => (stderr = (stderr + text).slice(-4000)));
  createInterface({ input: child.stdout }).on('line', (text) =>
    lines.push({ text, at: (performance.now() - began) / 1000 }),
  );
  const timer = setTimeout(() => {
    isOver = false;
    child.kill('SIGKILL');
  }, seconds * 1000);
  const code = await new Promise((resolve) => {
    child.once('error', () => resolve(127));
    child.once('close', (ended) => resolve(ended));
  });
  clearTimeout(timer);
  return { code, isOver, lines, stderr };
}

/** What a program says, or that it is not there. */
export async function said(name, ...given) {
  const { code, lines, stderr } = await run(name, given, { seconds: 20 });
  if (code === 127) return `${name} is not there`;
  const text = lines.map((line) => line.text).join('\n');
  return code === 0 ? text : `${name} failed: ${(stderr || text).trim().slice(-300)}`;
}

/** Looks at NVIDIA's cards twice a second; `end` gives the most memory in use, and the mean share of time in which they computed. */
export function watchCards() {
  const seen = [];
  let isWatching = true;
  const watching = (async () => {
    while (isWatching) {
      const query = ['--query-gpu=memory.used,utilization.gpu', '--format=csv,noheader,nounits'];
      const { code, lines } = await run('nvidia-smi', query, { seconds: 5 });
      if (code !== 0) return;
      const [first] = lines;
      if (first !== undefined) seen.push(first.text.split(',').map(Number));
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
  })();
  return {
    async end() {
      isWatching = false;
      await watching;
      if (seen.length === 0) return undefined;
      const busy = seen.map(([, share]) => share);
      return {
        peakMegabytes: Math.max(...seen.map(([used]) => used)),
        beforeMegabytes: seen[0][0],
        busyPercent: busy.reduce((sum, share) => sum + share, 0) / busy.length,
      };
    },
  };
}
