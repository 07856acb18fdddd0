import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { randomStream } from '../../../random/randomStream';
import type { CombinedAdapter, CombineOutcome, CombineRequest } from '../../../run/combine';
import { openBaseModel } from '../../facts/baseModel';
import { adapterConfigDefaults } from '../../formats/adapterConfig';
import type { AdapterConfig } from '../../formats/adapterConfig';
import { readAdapterFolder, writeAdapterFolder } from '../../formats/adapterFolder';
import { renderCombinedCard } from '../../formats/combinedCard';
import { namesOfTargets } from '../../lora/adapter';
import { combinations } from '../../lora/combinations';
import { exportOutputExists, exportOutputTaken } from '../export/failures';
import { openBaseOf } from '../merge/baseOfAdapter';
import { overlap } from '../overlap';
import { adaptedEmbeddings } from '../writeResult';
import { notesOf } from './combineNotes';
import { ranksNotLinear } from './failures';
import { openParts, targetsOf, updatesOf } from './parts';
import type { Part } from './parts';

/**
 * Makes one adapter of several weighted ones, as PEFT's `add_weighted_adapter` does, and writes it as a folder of its own.
 * @throws Failure `ranks-not-linear`, `adapter-not-summable`, `export-output-exists`, `export-output-taken`, those of opening
 *   base and adapters, and of `writeAdapterFolder`
 */
export async function combineAdapters(
  request: CombineRequest,
  onNews: (done: number, total: number) => void,
  signal: AbortSignal,
): Promise<CombineOutcome> {
  await checkOutput(request);
  try {
    return { outcome: 'finished', adapter: await combine(request, onNews, signal) };
  } catch (error) {
    if (signal.aborted && error === signal.reason) return { outcome: 'cancelled' };
    throw error;
  }
}

async function checkOutput({ adapters, output, overwrite }: CombineRequest): Promise<void> {
  for (const { folder } of adapters) if (await overlap(output, folder)) throw exportOutputTaken(output, 'the adapter');
  const entries = await readdir(output).catch((): string[] => []);
  if (entries.length > 0 && !overwrite) throw exportOutputExists(output);
}

async function combine(
  request: CombineRequest,
  onNews: (done: number, total: number) => void,
  signal: AbortSignal,
): Promise<CombinedAdapter> {
  const { adapters, baseModel, combinationType, output } = request;
  const first = adapters[0]!;
  const base = baseModel === null ? await openBaseOf(first.folder) : await openBaseModel(baseModel, process.cwd());
  if (await overlap(output, base.folder.path)) throw exportOutputTaken(output, 'the base model');
  const parts = await openParts(base, adapters);
  const rank = rankOf(request, parts);
  const targets = targetsOf(parts);
  const tensors = [];
  let [sumSquares, lostSquares] = [0, 0];
  for (const [done, { path: at, kind, inFeatures, outFeatures }] of targets.entries()) {
    // A layer takes a moment; between two of them a stop is heard.
    await new Promise((resolve) => setImmediate(resolve));
    signal.throwIfAborted();
    onNews(done, targets.length);
    const size = { inFeatures, outFeatures, rank };
    const made = combinations[combinationType](updatesOf(parts, at), size, randomStream(0, at));
    sumSquares += made.sumSquares;
    lostSquares += made.lostSquares;
    const [a, b] = kind === 'embedding' ? ['lora_embedding_A', 'lora_embedding_B'] : ['lora_A.weight', 'lora_B.weight'];
    tensors.push({ name: `${at}.${a}`, shape: [rank, inFeatures], data: made.A });
    tensors.push({ name: `${at}.${b}`, shape: [outFeatures, rank], data: made.B });
  }
  const difference = sumSquares === 0 ? 0 : Math.sqrt(lostSquares / sumSquares);
  const { config: own } = await readAdapterFolder(first.folder);
  const config: AdapterConfig = {
    ...adapterConfigDefaults,
    task_type: own.task_type,
    base_model_name_or_path: own.base_model_name_or_path,
    r: rank,
    lora_alpha: rank,
    target_modules: namesOfTargets(base.model, targets),
    fan_in_fan_out: targets.some(({ fanInFanOut }) => fanInFanOut),
  };
  const names = adapters.map(({ folder, weight }) => ({ name: path.basename(folder), weight }));
  await writeAdapterFolder(output, {
    config,
    tensors: [...tensors, ...(await adaptedEmbeddings(base, { targets }))],
    modelCard: renderCombinedCard({
      name: path.basename(output),
      baseModel: config.base_model_name_or_path,
      adapters: names,
      combinationType,
      rank,
      difference,
    }),
  });
  return {
    output,
    bytes: await bytesOf(output),
    combination_type: combinationType,
    rank,
    modules: targets.length,
    relative_difference: difference,
    notes: notesOf(combinationType, parts, rank, difference),
  };
}

/** PEFT's rules. @throws Failure `ranks-not-linear` */
function rankOf({ combinationType, svdRank }: CombineRequest, parts: readonly Part[]): number {
  const ranks = parts.map(({ rank }) => rank);
  if (combinationType === 'cat') return ranks.reduce((sum, rank) => sum + rank, 0);
  if (combinationType === 'svd') return svdRank ?? Math.max(...ranks);
  for (const { path: at } of targetsOf(parts)) {
    const own = new Set([...ranks, ...updatesOf(parts, at).map(({ r }) => r)]);
    if (own.size > 1) throw ranksNotLinear([...own].join(' and '));
  }
  return ranks[0]!;
}

async function bytesOf(folder: string): Promise<number> {
  const names = await readdir(folder);
  const sizes = await Promise.all(names.map(async (name) => (await stat(path.join(folder, name))).size));
  return sizes.reduce((sum, size) => sum + size, 0);
}
