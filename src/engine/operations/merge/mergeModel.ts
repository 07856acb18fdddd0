import { copyFile, readdir } from 'node:fs/promises';
import path from 'node:path';
import type { WeightedAdapter } from '../../../run/answers';
import type { MergeDtype, MergedModel, MergeNews, MergeOutcome, MergeProof, MergeRequest } from '../../../run/merge';
import { checkFolderWritable, replaceFolderAtomically, writeFileAtomically } from '../../formats/atomicFile';
import { renderMergedCard } from '../../formats/mergedCard';
import type { MergedCardFacts } from '../../formats/mergedCard';
import { isGguf, modelReplacement, tokenizerFilesOf, tokenizerJsonOf } from '../../formats/modelFolder';
import { usualShardBytes, writeModelShards } from '../../formats/modelShards';
import { openBaseModel } from '../../facts/baseModel';
import type { BaseModel } from '../../facts/baseModel';
import { concatenated } from '../../lora/concatenated';
import type { AdapterValues } from '../../lora/concatenated';
import { changesBase } from '../../lora/initialize';
import { floats } from '../../runtime/runtime';
import { attach } from '../attached';
import { folderBytes } from '../folderBytes';
import { overlap } from '../overlap';
import { openBaseOf } from './baseOfAdapter';
import { adapterStartsInsideBase, mergeContested, mergeDiffers, mergeOutputExists, mergeOutputTaken } from './failures';
import { dtypeNames, mergedTensors, totalBytes } from './mergedTensors';
import type { MergedTensors } from './mergedTensors';
import { mergeNotes } from './mergeNotes';
import { proveMerge } from './proveMerge';

const storedDtypes = { float32: 'F32', float16: 'F16', bfloat16: 'BF16' } as const;

/**
 * Adds adapters to the weights of their base model and writes the result as a model folder of its own, as PEFT's
 * `merge_and_unload()` and `save_pretrained()` do. The folder gets its name only once the model in it was compared with base
 * and adapters. Weights are read, added up and written a few megabytes at a time.
 * @throws Failure `merge-contested`, `merge-output-exists`, `merge-output-taken`, `merge-not-finite`,
 *   `merge-differs`, those of opening base and adapters, those of `replaceFolderAtomically`
 */
export async function mergeModel(
  request: MergeRequest,
  onNews: (news: MergeNews) => void,
  signal: AbortSignal,
  shardBytes = usualShardBytes,
): Promise<MergeOutcome> {
  const base = await openBase(request);
  await checkOutput(request, base);
  const adapter = await combined(base, request.adapters);
  try {
    return { outcome: 'finished', model: await write(request, base, adapter, onNews, signal, shardBytes) };
  } catch (error) {
    if (signal.aborted && error === signal.reason) return { outcome: 'cancelled' };
    throw error;
  }
}

async function openBase({ baseModel, adapters }: MergeRequest): Promise<BaseModel> {
  return baseModel === null ? openBaseOf(adapters[0]!.folder) : openBaseModel(baseModel, process.cwd());
}

async function checkOutput({ output, overwrite, adapters }: MergeRequest, base: BaseModel): Promise<void> {
  const taken = [
    { folder: base.folder.path, what: 'the base model' },
    ...adapters.map(({ folder }) => ({ folder, what: 'the adapter' })),
  ];
  for (const { folder, what } of taken) {
    if (await overlap(output, folder)) throw mergeOutputTaken(output, what);
  }
  const entries = await readdir(output).catch((): string[] => []);
  if (entries.includes(modelReplacement.marker) && !overwrite) throw mergeOutputExists(output);
  await checkFolderWritable(output, modelReplacement);
}

/** All adapters as one, their weights included. */
async function combined(base: BaseModel, adapters: readonly WeightedAdapter[]): Promise<AdapterValues> {
  const all: AdapterValues[] = [];
  for (const { folder, weight } of adapters) {
    const { adapter, tensors } = await attach(base, folder, weight);
    if (changesBase(adapter)) throw adapterStartsInsideBase(folder, String(adapter.initLoraWeights));
    all.push({ adapter, values: new Map(adapter.trainables.map(({ name }) => [name, floats(tensors, name)])) });
  }
  const one = concatenated(all);
  if ('contested' in one) throw mergeContested(one.contested);
  return one;
}

async function write(
  request: MergeRequest,
  base: BaseModel,
  adapter: AdapterValues,
  onNews: (news: MergeNews) => void,
  signal: AbortSignal,
  shardBytes: number,
): Promise<MergedModel> {
  let [done, total] = [0, 1];
  const onBytes = (bytes: number): void => {
    signal.throwIfAborted();
    done += bytes;
    onNews({ stage: 'writing', done, total });
  };
  // Blocks of few bits hold no sums: a GGUF file's weights are written in half precision if nothing else is asked for.
  const dtype = request.dtype ?? (isGguf(base.folder.path) ? 'float16' : null);
  const merged = mergedTensors(base, adapter, dtype === null ? null : storedDtypes[dtype], onBytes);
  total = totalBytes(merged.tensors);
  const changedDtype = dtypeOfChanged(merged);
  let shards: readonly string[] = [];
  let proof: MergeProof | undefined;
  await replaceFolderAtomically(
    request.output,
    async (folder) => {
      await writeSmallFiles(folder, base, dtype, merged);
      shards = await writeModelShards(folder, merged.tensors, shardBytes);
      const written = await openBaseModel(folder, folder);
      proof = await proveMerge(base, adapter, written, changedDtype, (texts, all) => {
        signal.throwIfAborted();
        onNews({ stage: 'proving', done: texts, total: all });
      });
      const { relative_difference: difference, limit } = proof;
      if (!(difference <= limit)) throw mergeDiffers(difference, limit);
      const card = renderMergedCard({ ...namesOf(request, base), dtype: changedDtype, ...figuresOf(proof) });
      await writeFileAtomically(path.join(folder, 'README.md'), card);
    },
    modelReplacement,
  );
  return {
    output: request.output,
    bytes: await folderBytes(request.output),
    base_model: base.folder.path,
    dtype: changedDtype,
    shards: shards.length,
    changed: merged.changed.length,
    proof: proof!,
    notes: mergeNotes(
      proof!,
      changedDtype,
      request.dtype !== null ? 'chosen' : dtype === null ? 'base' : 'gguf',
      merged,
    ),
  };
}

/** The narrowest dtype of what the adapter changes. */
function dtypeOfChanged({ tensors, changed }: MergedTensors): MergeDtype {
  const isChanged = new Set(changed);
  const dtypes = tensors.filter(({ name }) => isChanged.has(name)).map(({ dtype }) => dtype);
  const narrowest = (['BF16', 'F16'] as const).find((dtype) => dtypes.includes(dtype));
  return dtypeNames[narrowest ?? 'F32'];
}

async function writeSmallFiles(
  folder: string,
  base: BaseModel,
  dtype: MergeDtype | null,
  { untied }: MergedTensors,
): Promise<void> {
  const { config, generationConfig, path: from } = base.folder;
  const writeJson = (name: string, value: unknown): Promise<void> =>
    writeFileAtomically(path.join(folder, name), `${JSON.stringify(value, null, 2)}\n`);
  await writeJson('config.json', {
    ...config,
    ...(untied.length === 0 ? {} : { tie_word_embeddings: false }),
    ...(dtype === null ? {} : 'dtype' in config ? { dtype } : { torch_dtype: dtype }),
  });
  if (generationConfig !== undefined) await writeJson('generation_config.json', generationConfig);
  for (const [name, value] of Object.entries(tokenizerJsonOf(base.folder))) await writeJson(name, value);
  for (const file of await tokenizerFilesOf(from)) await copyFile(file, path.join(folder, path.basename(file)));
}

/** What the model card calls base and adapters: names, because paths are of use on this computer only. */
function namesOf(
  { adapters, output }: MergeRequest,
  base: BaseModel,
): Pick<MergedCardFacts, 'name' | 'baseModel' | 'adapters'> {
  const inCache = /models--([^\\/]+?)--([^\\/]+)[\\/]snapshots[\\/][^\\/]+$/.exec(base.folder.path);
  return {
    name: path.basename(output),
    baseModel: inCache === null ? path.basename(base.folder.path) : `${inCache[1]!}/${inCache[2]!}`,
    adapters: adapters.map(({ folder, weight }) => ({ name: path.basename(folder), weight })),
  };
}

function figuresOf(proof: MergeProof): Pick<MergedCardFacts, 'difference' | 'change' | 'positions'> {
  return { difference: proof.relative_difference, change: proof.relative_change, positions: proof.positions };
}
