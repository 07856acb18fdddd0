import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { writeFileAtomically } from './atomicFile';
import { mlxAdapterBroken, mlxAdapterMissing, mlxAdapterUnsupported } from './adapterFailures';
import { isJsonObject, readJsonObject } from './jsonFile';
import type { JsonObject } from './jsonFile';
import { readSafetensorsHeader, readTensor, writeSafetensors } from './safetensors';

/**
 * An adapter as mlx-lm keeps it: adapter_config.json with `lora_parameters`, and adapters.safetensors with `lora_a`
 * [in, r] and `lora_b` [r, out] of each module; y = W x + scale · (x·a)·b. Rank and scale are the same for all.
 */
export interface MlxAdapter {
  readonly rank: number;
  readonly scale: number;
  readonly dropout: number;
  /** Blocks that may have adapters, counted from the last. */
  readonly numLayers: number;
  /** The base model as mlx-lm was told it; null where nothing says so. */
  readonly model: string | null;
  /** By module paths of mlx-lm's model, such as `model.layers.0.self_attn.q_proj`. */
  readonly modules: ReadonlyMap<string, MlxModule>;
}

export interface MlxModule {
  readonly inFeatures: number;
  readonly outFeatures: number;
  /** [in, r] */
  readonly a: Float32Array;
  /** [r, out] */
  readonly b: Float32Array;
}

const configName = 'adapter_config.json';
export const mlxWeightsName = 'adapters.safetensors';

/** Writes both files into a folder. @throws as `writeFileAtomically` */
export async function writeMlxAdapter(folder: string, adapter: MlxAdapter): Promise<void> {
  const { rank, scale, dropout, numLayers, model, modules } = adapter;
  const config = {
    fine_tune_type: 'lora',
    ...(model === null ? {} : { model }),
    num_layers: numLayers,
    lora_parameters: { rank, scale, dropout, keys: keysOf([...modules.keys()]) },
  };
  await writeFileAtomically(path.join(folder, configName), `${JSON.stringify(config, null, 4)}\n`);
  const tensors = [...modules].flatMap(([name, { inFeatures, outFeatures, a, b }]) => [
    { name: `${name}.lora_a`, shape: [inFeatures, rank], data: a },
    { name: `${name}.lora_b`, shape: [rank, outFeatures], data: b },
  ]);
  await writeSafetensors(path.join(folder, mlxWeightsName), tensors, { format: 'mlx' });
}

/** The paths inside of blocks, and whole ones outside: what mlx-lm looks modules up by. */
function keysOf(paths: readonly string[]): string[] {
  return [...new Set(paths.map((name) => name.replace(/^.*\.(?:layers|h)\.\d+\./, '')))].sort();
}

/**
 * Reads a folder that mlx-lm wrote.
 * @throws Failure `mlx-adapter-missing`, `mlx-adapter-broken`, `mlx-adapter-unsupported`, those of `readJsonObject` and
 *   `readSafetensorsHeader`
 */
export async function readMlxAdapter(folder: string): Promise<MlxAdapter> {
  const entries = await readdir(folder).catch((): string[] => []);
  if (!entries.includes(configName) || !entries.includes(mlxWeightsName)) throw mlxAdapterMissing(folder);
  const file = path.join(folder, configName);
  const config = await readJsonObject(file);
  const kind = config['fine_tune_type'] ?? 'lora';
  if (kind !== 'lora') throw mlxAdapterUnsupported(file, JSON.stringify(kind));
  const parameters = config['lora_parameters'];
  if (!isJsonObject(parameters)) throw mlxAdapterBroken(file, 'it has no "lora_parameters"');
  const [rank, scale] = [positive(file, parameters, 'rank'), positive(file, parameters, 'scale')];
  const dropout = typeof parameters['dropout'] === 'number' ? parameters['dropout'] : 0;
  const { model } = config;
  return {
    rank,
    scale,
    dropout,
    numLayers: typeof config['num_layers'] === 'number' ? config['num_layers'] : 0,
    model: typeof model === 'string' ? model : null,
    modules: await readModules(path.join(folder, mlxWeightsName), rank),
  };
}

function positive(file: string, parameters: JsonObject, key: string): number {
  const value = parameters[key];
  if (typeof value === 'number' && value > 0) return value;
  throw mlxAdapterBroken(file, `"lora_parameters.${key}" is no number above 0`);
}

async function readModules(file: string, rank: number): Promise<Map<string, MlxModule>> {
  const { tensors } = await readSafetensorsHeader(file);
  const modules = new Map<string, MlxModule>();
  for (const [name, entry] of tensors) {
    const [, module, which] = /^(.+)\.lora_([ab])$/.exec(name) ?? [];
    if (module === undefined) throw mlxAdapterBroken(file, `nothing here takes "${name}"`);
    if (which === 'b') continue;
    const other = tensors.get(`${module}.lora_b`);
    const [inFeatures, outFeatures] = [entry.shape[0], other?.shape[1]];
    const fits = entry.shape.join() === `${inFeatures},${rank}` && other?.shape.join() === `${rank},${outFeatures}`;
    if (!fits || inFeatures === undefined || outFeatures === undefined) {
      throw mlxAdapterBroken(file, `lora_a and lora_b of "${module}" do not fit rank ${rank}`);
    }
    modules.set(module, { inFeatures, outFeatures, a: await readTensor(entry), b: await readTensor(other) });
  }
  if (modules.size === 0) throw mlxAdapterBroken(file, 'it holds no lora_a and lora_b');
  return modules;
}
