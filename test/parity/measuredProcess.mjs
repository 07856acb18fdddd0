// Runs a program that prints one JSON value a line, and measures it from outside: when each line came, the peak
// memory of the process and its children, and how much of the machine others used meanwhile.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { createInterface } from 'node:readline';
import { clearInterval, setInterval } from 'node:timers';
import { setTimeout as sleep } from 'node:timers/promises';

const pollMilliseconds = 100;
/** Share of all cores that may be in use before a measurement starts. */
const idleShare = 0.1;
const patienceSeconds = 60;

/**
 * A setting that makes PyTorch faster on Linux: glibc hands large freed blocks back to the system, which clears them
 * anew at every step; with this it keeps them, which may take more memory.
 */
export const keepFreedMemory = { MALLOC_MMAP_THRESHOLD_: String(2 ** 34), MALLOC_TRIM_THRESHOLD_: String(2 ** 34) };

/**
 * Resolves to `{events, seconds, peakBytes, othersShare}`; each event carries `at`, seconds since the start.
 * `peakBytes` is NaN where there is no /proc. Rejects with the program's last words if it fails.
 */
export async function measure(command, args, { env } = {}) {
  const busyBefore = busySeconds();
  const started = performance.now();
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...env } });
  const observed = observe(child.pid);
  let words = '';
  child.stderr.on('data', (text) => (words = (words + text).slice(-3000)));
  const closed = once(child, 'close');
  const lines = [];
  for await (const line of createInterface({ input: child.stdout })) {
    lines.push({ line, at: (performance.now() - started) / 1000 });
  }
  const [code, signal] = await closed;
  const { peakBytes, cpuSeconds } = observed.end();
  if (code !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${code ?? signal}:\n${words}`);
  const seconds = (performance.now() - started) / 1000;
  const othersShare = Math.max(0, (busySeconds() - busyBefore - cpuSeconds) / (seconds * cpus().length));
  const events = lines.map(({ line, at }) => ({ ...JSON.parse(line), at }));
  return { events, seconds, peakBytes, othersShare };
}

/** Waits until the machine has nothing else to do; says so, and gives up waiting after a minute. */
export async function waitForQuiet() {
  for (let waited = 0; waited < patienceSeconds; waited += 2) {
    const before = busySeconds();
    await sleep(2000);
    const share = (busySeconds() - before) / (2 * cpus().length);
    if (share < idleShare) return;
    if (waited === 0) console.error(`Other programs use ${percent(share)} of the processor: waiting …`);
  }
  console.error('The machine stays busy: measuring all the same.');
}

export const percent = (share) => `${(100 * share).toFixed(0)} %`;

/** Processor time of all cores that was not idle, since the machine started. */
function busySeconds() {
  return cpus().reduce((sum, { times }) => sum + times.user + times.nice + times.sys + times.irq, 0) / 1000;
}

/** Watches a process and its children: sum of their peaks of resident memory, and of their processor time. */
function observe(root) {
  const seen = new Map();
  const look = () => {
    for (const pid of family(root)) {
      const facts = factsOf(pid);
      if (facts !== undefined) seen.set(pid, facts);
    }
  };
  const timer = setInterval(look, pollMilliseconds);
  return {
    end() {
      clearInterval(timer);
      const all = [...seen.values()];
      const sum = (key) => all.reduce((total, facts) => total + facts[key], 0);
      return { peakBytes: all.length === 0 ? NaN : sum('peakBytes'), cpuSeconds: sum('cpuSeconds') };
    },
  };
}

function family(pid) {
  try {
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
    return [pid, ...(children === '' ? [] : children.split(' ').flatMap(family))];
  } catch {
    return [pid]; // ended meanwhile, or no /proc
  }
}

const clockTicksPerSecond = 100;

function factsOf(pid) {
  try {
    const peak = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
    const ticks = Number(fields[11]) + Number(fields[12]);
    return peak === null ? undefined : { peakBytes: Number(peak[1]) * 1024, cpuSeconds: ticks / clockTicksPerSecond };
  } catch {
    return undefined;
  }
}
