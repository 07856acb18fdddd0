// What the system knows of processes (Linux: /proc).
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { until } from './workbench.mjs';

/** Clock ticks a second, in which /proc counts processor time: the same on every Linux that Node runs on. */
const ticks = 100;

/** All processes that live: number, parent, and the command line as one text. */
export function processes() {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        const { parent, state } = statOf(name);
        const command = readFileSync(`/proc/${name}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
        return state === 'Z' || state === 'X' ? [] : [{ pid: Number(name), parent, command }];
      } catch {
        return []; // It ended meanwhile.
      }
    });
}

/** The engine processes of the extension that is installed below `home`. */
export function enginesBelow(home) {
  return processes().filter(({ command }) => command.includes(home) && /dist\/engine\.js$/.test(command));
}

/** The browser of a profile, without the processes that it started itself. */
export function browserOf(profile) {
  return processes().find(({ command }) => command.includes(`=${profile}`) && !command.includes('--type='));
}

export function isAlive(pid) {
  try {
    return !['Z', 'X'].includes(statOf(pid).state);
  } catch {
    return false;
  }
}

/** Waits until a process is gone; gives the milliseconds that took. */
export async function gone(pid, what) {
  const began = performance.now();
  await until(
    () => isAlive(pid),
    (alive) => !alive,
    `${what} ends`,
  );
  return performance.now() - began;
}

/** Seconds of processor time that a process has used in all of its threads. */
export function processorSeconds(pid) {
  const { user, system } = statOf(pid);
  return (user + system) / ticks;
}

/** Resident bytes. */
export function residentBytes(pid) {
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) * 1024;
}

/** Ports of this machine on which a process listens. */
export function listeningPorts(pid) {
  const sockets = new Set(
    readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
      try {
        return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1] ?? [];
      } catch {
        return [];
      }
    }),
  );
  return readFileSync('/proc/net/tcp', 'utf8')
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields[3] === '0A' && sockets.has(fields[9]))
    .map((fields) => Number.parseInt(fields[1].split(':')[1], 16));
}

/** Fields of /proc/pid/stat; the name before them may hold anything. */
function statOf(pid) {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return { state: fields[0], parent: Number(fields[1]), user: Number(fields[11]), system: Number(fields[12]) };
}
