import type { WeightedAdapter } from './answers';
import type { PlaygroundColumn, PlaygroundSampling } from './playground';

/** Reading what comes from outside of the extension's process, such as a page or a file that anyone may have written. */

export function recordOf(value: unknown): Readonly<Record<string, unknown>> | undefined {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
}

export function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** Undefined where it is anything but a list of texts. */
export function textsOf(value: unknown): readonly string[] | undefined {
  if (!Array.isArray(value)) return undefined;
  const texts = value.filter((each): each is string => typeof each === 'string');
  return texts.length === value.length ? texts : undefined;
}

/** Undefined where it is no list of columns; at least one and at most `most`. */
export function readColumns(value: unknown, most: number): readonly PlaygroundColumn[] | undefined {
  if (!Array.isArray(value) || value.length === 0 || value.length > most) return undefined;
  const columns: WeightedAdapter[][] = [];
  for (const column of value as unknown[]) {
    if (!Array.isArray(column)) return undefined;
    const adapters = (column as unknown[]).map(readAdapter);
    if (adapters.some((each) => each === undefined)) return undefined;
    columns.push(adapters as WeightedAdapter[]);
  }
  return columns;
}

function readAdapter(value: unknown): WeightedAdapter | undefined {
  const adapter = recordOf(value);
  const [folder, weight] = [adapter?.['folder'], adapter?.['weight']];
  if (typeof folder !== 'string' || typeof weight !== 'number' || !Number.isFinite(weight)) return undefined;
  return { folder, weight };
}

/** What each setting may be; the page offers no other values. */
const ranges = {
  maxNewTokens: { least: 1, most: 8192, isWhole: true },
  temperature: { least: 0, most: 5, isWhole: false },
  topK: { least: 0, most: 1_000_000, isWhole: true },
  topP: { least: 0, most: 1, isWhole: false },
  minP: { least: 0, most: 1, isWhole: false },
  repetitionPenalty: { least: 0.1, most: 5, isWhole: false },
  seed: { least: 0, most: Number.MAX_SAFE_INTEGER, isWhole: true },
} as const satisfies Record<Exclude<keyof PlaygroundSampling, 'stop'>, object>;

/** Settings with each value that is missing or out of its range replaced. */
export function readSampling(value: unknown, otherwise: PlaygroundSampling): PlaygroundSampling {
  const sampling = recordOf(value) ?? {};
  const number = (name: keyof typeof ranges): number => {
    const { least, most, isWhole } = ranges[name];
    const found = sampling[name];
    const isNumber = typeof found === 'number' && found >= least && found <= most;
    return isNumber && (!isWhole || Number.isSafeInteger(found)) ? found : otherwise[name];
  };
  return {
    maxNewTokens: number('maxNewTokens'),
    temperature: number('temperature'),
    topK: number('topK'),
    topP: number('topP'),
    minP: number('minP'),
    repetitionPenalty: number('repetitionPenalty'),
    seed: number('seed'),
    stop: textsOf(sampling['stop']) ?? otherwise.stop,
  };
}
