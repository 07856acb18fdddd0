import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import { temporaryFolder } from '../tiny/recipe';

/** A cache folder, and an index for pip that never answers, so that a set-up is in the middle of its download. */
export async function silentIndex(t: TestContext): Promise<{ cache: string; environment: Record<string, string> }> {
  const cache = await temporaryFolder(t);
  const server = createServer(() => undefined);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const index = `http://127.0.0.1:${port}/simple`;
  return { cache, environment: { XDG_CACHE_HOME: cache, PIP_INDEX_URL: index, PIP_CONFIG_FILE: '/dev/null' } };
}

/** Processes of this machine that were told of a folder. */
export async function processesAbout(folder: string): Promise<readonly string[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  return pids.filter((pid) => {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(folder);
    } catch {
      return false;
    }
  });
}

export async function until<T>(look: () => Promise<T>, isWanted: (found: T) => boolean): Promise<T> {
  for (const end = Date.now() + 60_000; ;) {
    const found = await look();
    if (isWanted(found)) return found;
    assert.ok(Date.now() < end, `still ${JSON.stringify(found)}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
