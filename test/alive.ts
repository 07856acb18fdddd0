import { readFileSync } from 'node:fs';

/** Whether a process runs. One that ended but that nobody asked for yet (a zombie) does not. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  if (process.platform !== 'linux') return true;
  try {
    return !/^State:\s*Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

/** Resolves once none of these processes runs; fails where one still does after a minute. */
export async function gone(pids: readonly number[], patience = 60_000): Promise<void> {
  const end = Date.now() + patience;
  while (pids.some(isAlive)) {
    if (Date.now() > end) throw new Error(`Still running: ${pids.filter(isAlive).join(', ')}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
