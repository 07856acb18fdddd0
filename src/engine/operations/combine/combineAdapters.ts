import path from 'node:path';
import { randomStream } from '../../../random/randomStream';
import type { CombinedAdapter, CombineOutcome, CombineRequest } from '../../../run/combine';
import { openBaseModel } from '../../facts/baseModel';
import type { BaseModel } from '../../facts/baseModel';
import { adapterConfigDefaults } from '../../formats/adapterConfig';
import type { AdapterConfig } from '../../formats/adapterConfig';
import { readAdapterFolder, writeAdapterFolder } from '../../formats/adapterFolder';
import { renderCombinedCard } from '../../formats/combinedCard';
import { namesOfTargets } from '../../lora/adapter';
import { combinations } from '../../lora/combinations';
import { checkAdapterOutput } from '../adapterOutput';
import { folderBytes } from '../folderBytes';
import { openBaseOf } from '../merge/baseOfAdapter';
import { adaptedEmbeddings } from '../writeResult';
import { notesOf } from './combineNotes';
import { ranksNotLinear, svdRankTooLarge } from './failures';
import { openParts, targetsOf, updatesOf } from './parts';
import type { Part } from './parts';

/**
 * Makes one adapter of several weighted ones, as PEFT's `add_weighted_adapter` does, and writes it as a folder of its own.
 * @throws Failure `ranks-not-linear`, `svd-rank-too-large`, `adapter-not-summable`, `export-output-exists`, `export-output-taken`, those of opening
 *   base and adapters, and of `writeAdapterFolder`
 */
export async function combineAdapters(
  request: CombineRequest,
  onNews: (done: number, total: number) => void,
  signal: AbortSignal,
): Promise<CombineOutcome> {
  try {
    return { outcome: 'finished', adapter: await combine(request, onNews, signal) };
  } catch (error) {
    if (signal.aborted && error === signal.reason) return { outcome: 'cancelled' };
    throw error;
  }
}

async function combine(
  request: CombineRequest,
  onNews: (done: number, total: number) => void,
  signal: AbortSignal,
): Promise<CombinedAdapter> {
  const { adapters, baseModel, combinationType, output } = request;
  const first = adapters[0]!;
  const base = baseModel === null ? await openBaseOf(first.folder) : await openBaseModel(baseModel, process.cwd());
  await checkAdapterOutput(request, [
    ...adapters.map(({ folder }) => ({ place: folder, what: 'the adapter' })),
    { place: base.folder.path, what: 'the base model' },
  ]);
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
    base_model_name_or_path: baseModel ?? nameOfBase(own.base_model_name_or_path, base),
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
    bytes: await folderBytes(output),
    combination_type: combinationType,
    rank,
    modules: targets.length,
    relative_difference: difference,
    notes: notesOf(combinationType, parts, rank, difference),
  };
}

/** What the first adapter calls its base. A relative path leads elsewhere from another folder: it becomes a whole one. */
function nameOfBase(named: string | null, { folder }: BaseModel): string | null {
  if (named === null || path.isAbsolute(named)) return named;
  const isInCache = /models--[^\\/]+[\\/]snapshots[\\/]/.test(folder.path);
  return isInCache ? named : folder.path;
}

/** PEFT's rules. @throws Failure `ranks-not-linear`, `svd-rank-too-large` */
function rankOf({ combinationType, svdRank }: CombineRequest, parts: readonly Part[]): number {
  const ranks = parts.map(({ rank }) => rank);
  const all = ranks.reduce((sum, rank) => sum + rank, 0);
  if (combinationType === 'cat') return all;
  if (combinationType === 'svd') {
    if (svdRank !== null && svdRank > all) throw svdRankTooLarge(svdRank, all);
    return svdRank ?? Math.max(...ranks);
  }
  for (const { path: at } of targetsOf(parts)) {
    const own = new Set([...ranks, ...updatesOf(parts, at).map(({ r }) => r)]);
    if (own.size > 1) throw ranksNotLinear([...own].join(' and '));
  }
  return ranks[0]!;
}
