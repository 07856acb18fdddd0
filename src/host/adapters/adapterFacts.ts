import { readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';

/** What an adapter folder in PEFT's layout tells about itself, whoever wrote it. */
export interface AdapterFacts {
  readonly name: string;
  /** Absolute path. */
  readonly folder: string;
  readonly baseModel: string | null;
  readonly r: number | null;
  readonly loraAlpha: number | null;
  readonly targetModules: readonly string[] | string | null;
  /** Size of the weights; null where they are missing. */
  readonly bytes: number | null;
  /** Loss of the last training step; only adapters trained here say it. */
  readonly finalLoss: number | null;
  /** Further facts of the model card: what it was trained on and how. */
  readonly training: readonly (readonly [name: string, value: string])[];
  readonly files: readonly AdapterFile[];
  /** Why it cannot be used; null when nothing is wrong. */
  readonly problem: string | null;
}

export interface AdapterFile {
  readonly name: string;
  readonly bytes: number;
}

const weightsName = 'adapter_model.safetensors';

/** Reads what is to be shown of an adapter folder; never fails, what is wrong with it is `problem`. */
export async function readAdapterFacts(folder: string): Promise<AdapterFacts> {
  const files = await filesIn(folder);
  const config = await readConfig(path.join(folder, 'adapter_config.json'));
  const training = cardFacts(await readFile(path.join(folder, 'README.md'), 'utf8').catch(() => ''));
  const finalLoss = Number(training.find(([name]) => name === 'final loss')?.[1] ?? Number.NaN);
  const bytes = files.find(({ name }) => name === weightsName)?.bytes ?? null;
  return {
    name: path.basename(folder),
    folder,
    baseModel: textOf(config?.['base_model_name_or_path']),
    r: numberOf(config?.['r']),
    loraAlpha: numberOf(config?.['lora_alpha']),
    targetModules: targetsOf(config?.['target_modules']),
    bytes,
    finalLoss: Number.isFinite(finalLoss) ? finalLoss : null,
    training,
    files,
    problem: problemOf(config, files),
  };
}

function problemOf(config: Config | undefined, files: readonly AdapterFile[]): string | null {
  if (config === undefined) return 'adapter_config.json is not readable JSON.';
  const type = config['peft_type'];
  if (type !== 'LORA') return `It is of type ${JSON.stringify(type ?? null)}; only LORA adapters can be used.`;
  if (files.some(({ name }) => name === weightsName)) return null;
  const isPickle = files.some(({ name }) => name === 'adapter_model.bin');
  return isPickle ? `It only has adapter_model.bin; save it again as ${weightsName}.` : `${weightsName} is missing.`;
}

type Config = Readonly<Record<string, unknown>>;

async function readConfig(file: string): Promise<Config | undefined> {
  try {
    const value = JSON.parse(await readFile(file, 'utf8')) as unknown;
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Config) : undefined;
  } catch {
    return undefined;
  }
}

async function filesIn(folder: string): Promise<readonly AdapterFile[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const names = entries.filter((entry) => entry.isFile() && !entry.name.startsWith('.')).map(({ name }) => name);
  return Promise.all(
    names.sort().map(async (name) => {
      const size = await stat(path.join(folder, name)).catch(() => undefined);
      return { name, bytes: size?.size ?? 0 };
    }),
  );
}

/** The rows of the tables below `## Training` in the model card that the engine writes. */
function cardFacts(card: string): readonly (readonly [string, string])[] {
  const begin = card.indexOf('\n## Training\n');
  if (begin < 0) return [];
  return card
    .slice(begin)
    .split('\n')
    .flatMap((line) => {
      const row = /^\| (.+?) \| `(.*)` \|$/.exec(line);
      return row === null ? [] : [[row[1]!, row[2]!.replaceAll('\\|', '|')] as const];
    });
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}

function numberOf(value: unknown): number | null {
  return typeof value === 'number' ? value : null;
}

function targetsOf(value: unknown): readonly string[] | string | null {
  if (typeof value === 'string') return value;
  return Array.isArray(value) ? value.map(String) : null;
}
