import { mkdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { writeFileAtomically } from '../formats/atomicFile';
import { userCacheFolder } from '../formats/userCache';
import type { Device } from '../runtime/runtime';
import { driversKey } from './drivers';
import type { ProbeResult } from './probeResult';

/** Goes up when another version would judge a device differently. */
const version = 4;
/** A driver may change unseen (Windows): what was found counts for so long. */
const lifetime = 30 * 24 * 3600_000;

interface Stored {
  readonly version: number;
  readonly runtime: string;
  readonly drivers: string;
  readonly results: Readonly<Record<string, Entry>>;
}

interface Entry {
  readonly result: ProbeResult;
  /** Milliseconds since 1970. */
  readonly time: number;
}

function isFresh({ time }: Entry): boolean {
  return Date.now() - time < lifetime;
}

/** What the trials of devices found, in the user's cache folder, so that each is made once. */
export class ProbeCache {
  constructor(
    /** Of onnxruntime; undefined where it is not loaded only to look at what is known. */
    private readonly runtimeVersion: string | undefined,
    private readonly file: string = path.join(userCacheFolder(), 'devices.json'),
  ) {}

  async get(device: Device): Promise<ProbeResult | undefined> {
    const entry = (await this.#read()).results[device];
    return entry !== undefined && isFresh(entry) ? entry.result : undefined;
  }

  /** What is known of all devices. */
  async all(): Promise<readonly ProbeResult[]> {
    const entries = Object.values((await this.#read()).results);
    return entries.filter(isFresh).map(({ result }) => result);
  }

  /** A folder that cannot be written only means that the trial is made again. */
  async set(result: ProbeResult): Promise<void> {
    const stored = await this.#read();
    const results = { ...stored.results, [result.device]: { result, time: Date.now() } };
    try {
      await mkdir(path.dirname(this.file), { recursive: true });
      await writeFileAtomically(this.file, JSON.stringify({ ...stored, results }, null, 2));
    } catch {
      return;
    }
  }

  async #read(): Promise<Stored> {
    const empty: Stored = { version, runtime: this.runtimeVersion ?? '', drivers: driversKey(), results: {} };
    try {
      const stored = JSON.parse(await readFile(this.file, 'utf8')) as Stored;
      const isRuntime = this.runtimeVersion === undefined || stored.runtime === this.runtimeVersion;
      return stored.version === version && isRuntime && stored.drivers === empty.drivers ? stored : empty;
    } catch {
      return empty;
    }
  }
}
