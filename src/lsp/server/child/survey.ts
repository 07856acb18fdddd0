import { open, readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { findInHubCache, hubCacheFolder } from '../../../engine/formats/hubCache';
import { isGgufModel } from '../../../run/ingredients';
import { formatBytes } from '../../../run/format';
import type { FoundPath } from '../../service/knowledge';
import type { AskedRecipe, Surveyed } from '../questions';
import { filesBelow } from '../recipeFiles';

/** No list gets longer than anyone reads. */
const limit = 100;

/** Models, datasets and adapters in the workspace and the hub cache, as the recipe would name them. */
export async function survey({ file, workspace }: AskedRecipe): Promise<Surveyed> {
  const from = path.dirname(file);
  const folders = new Map<string, Set<string>>();
  const datasets: string[] = [];
  const ggufs: string[] = [];
  for await (const found of filesBelow(workspace.length > 0 ? workspace : [from])) {
    const name = path.basename(found);
    const folder = path.dirname(found);
    if (/^(config|adapter_config)\.json$|\.safetensors$/.test(name)) {
      folders.set(folder, (folders.get(folder) ?? new Set()).add(name));
    } else if (isGgufModel(name)) {
      ggufs.push(found);
    } else if (/\.(jsonl|ndjson|csv|tsv|parquet)$/i.test(name) || (name.endsWith('.json') && (await isList(found)))) {
      datasets.push(found);
    }
  }
  const models = [...folders]
    .filter(([, names]) => names.has('config.json') && names.size > 1)
    .map(([folder]) => folder);
  const adapters = [...folders].filter(([, names]) => names.has('adapter_config.json')).map(([folder]) => folder);
  return {
    baseModels: [
      ...(await Promise.all(models.slice(0, limit).map((folder) => foundModel(folder, pathFrom(from, folder))))),
      ...(await Promise.all(ggufs.slice(0, limit).map(async (found) => foundGguf(found, pathFrom(from, found))))),
      ...(await cachedModels()),
    ],
    datasets: await Promise.all(
      datasets.slice(0, limit).map(async (found) => ({ text: pathFrom(from, found), detail: await sizeOf(found) })),
    ),
    adapters: await Promise.all(adapters.slice(0, limit).map((folder) => foundAdapter(folder, pathFrom(from, folder)))),
  };
}

async function foundModel(folder: string, text: string): Promise<FoundPath> {
  const config = await readJson(path.join(folder, 'config.json'));
  const family = typeof config['model_type'] === 'string' ? config['model_type'] : 'unknown family';
  return { text, detail: `base model, ${family}` };
}

async function foundGguf(file: string, text: string): Promise<FoundPath> {
  const found = await stat(file).catch(() => undefined);
  return { text, detail: ['base model, GGUF', ...(found === undefined ? [] : [formatBytes(found.size)])].join(', ') };
}

async function foundAdapter(folder: string, text: string): Promise<FoundPath> {
  const { r, base_model_name_or_path: base } = await readJson(path.join(folder, 'adapter_config.json'));
  const details = [
    ...(typeof r === 'number' ? [`rank ${r}`] : []),
    ...(typeof base === 'string' ? [`for ${base}`] : []),
  ];
  return { text, detail: ['adapter', ...details].join(', ') };
}

/** Models of the local hub cache that are whole enough to be opened. */
async function cachedModels(): Promise<readonly FoundPath[]> {
  const names = await readdir(hubCacheFolder()).catch((): string[] => []);
  const ids = names.flatMap((name) => /^models--(.+)$/.exec(name)?.[1]?.replace('--', '/') ?? []);
  const found = await Promise.all(
    ids.slice(0, limit).map(async (id) => {
      const folder = await findInHubCache(id).catch(() => undefined);
      return folder === undefined ? [] : [await foundModel(folder, id)];
    }),
  );
  return found.flat().map(({ text, detail }) => ({ text, detail: `${detail}, in the hub cache` }));
}

/** As recipes write paths: with `/`, and `./` where nothing else says that it is a path. */
function pathFrom(folder: string, target: string): string {
  const relative = path.relative(folder, target).replaceAll(path.sep, '/');
  if (path.isAbsolute(relative)) return relative;
  return relative.startsWith('.') ? relative : `./${relative}`;
}

/** Whether a JSON file holds a list: configurations hold an object. */
async function isList(file: string): Promise<boolean> {
  const handle = await open(file).catch(() => undefined);
  if (handle === undefined) return false;
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(64), 0, 64, 0);
    return /^\uFEFF?\s*\[/.test(buffer.toString('utf8', 0, bytesRead));
  } finally {
    await handle.close();
  }
}

async function sizeOf(file: string): Promise<string> {
  const found = await stat(file).catch(() => undefined);
  return found === undefined ? 'dataset' : `dataset, ${formatBytes(found.size)}`;
}

async function readJson(file: string): Promise<Readonly<Record<string, unknown>>> {
  try {
    const value: unknown = JSON.parse(await readFile(file, 'utf8'));
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
