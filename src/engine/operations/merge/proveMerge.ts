import { Failure } from '../../../failure/failure';
import type { MergeDtype, MergeProof } from '../../../run/merge';
import { openModelTokenizer, readWeight } from '../../facts/baseModel';
import type { BaseModel } from '../../facts/baseModel';
import { logitsAt } from '../../generate/logits';
import type { LogitsSource } from '../../generate/logits';
import type { AdapterValues } from '../../lora/concatenated';
import { f32 } from '../../runtime/runtime';
import type { Executable, Tensor } from '../../runtime/runtime';
import { chooseRuntime } from '../chooseRuntime';
import { compileLogits, halfAndBlocks, weightSource } from '../compile';
import { openWeights } from '../openWeights';

/** Tokens of a probe at most. */
const probeTokens = 48;

const probeTexts = [
  'The capital of France is Paris, and the largest city of',
  'Question: A farmer has 17 sheep and buys 25 more. How many are there now?\nAnswer:',
  'def add(a, b):\n    return a + b\n\nfor i in range(10):\n    print(add(i, 2 * i))\n',
];

/**
 * The largest relative difference that rounding explains. A weight that is rounded to p significant bits is off by at most
 * 2^-p of itself; through all layers of a model scores move by some of that, never by eight times as much.
 */
const limits: Readonly<Record<MergeDtype, number>> = { float32: 1e-4, float16: 8 * 2 ** -11, bfloat16: 8 * 2 ** -8 };

/** A model that base and adapter became, as it lies on disk, for whoever compares it with them. */
export interface WrittenModel {
  /** Logits [positions, vocabulary] of a text. */
  logits(ids: Int32Array): Promise<Float32Array>;
  close(): Promise<void>;
}

/**
 * Compares a merged model, as it lies on disk, with its base and the attached adapter, on texts and on tokens from all over
 * the vocabulary. Each of the two models is loaded alone.
 * @param onText hears how many texts of how many are through
 */
export async function proveMerge(
  base: BaseModel,
  adapter: AdapterValues,
  merged: BaseModel,
  dtype: MergeDtype,
  onText: (done: number, total: number) => void,
): Promise<MergeProof> {
  return proveWritten(base, adapter, () => opened(merged), dtype, onText);
}

async function opened(merged: BaseModel): Promise<WrittenModel> {
  const runtime = chooseRuntime({ runtime: 'auto', device: 'cpu', threads: 0 });
  const executable = await compileLogits(runtime, merged, undefined, probeTokens, weightSource(merged), halfAndBlocks);
  return { logits: (ids) => logitsOf({ executable, trained: {} }, ids), close: () => executable.dispose() };
}

function logitsOf(source: LogitsSource, ids: Int32Array): Promise<Float32Array> {
  return logitsAt(
    source,
    ids,
    ids.map((_, position) => position),
  );
}

/** The same for a model in any format; it is opened when base and adapter are closed. */
export async function proveWritten(
  base: BaseModel,
  { adapter, values }: AdapterValues,
  open: () => Promise<WrittenModel>,
  dtype: MergeDtype,
  onText: (done: number, total: number) => void,
): Promise<MergeProof> {
  const probes = await probesOf(base);
  const total = 3 * probes.length;
  let done = 0;
  const answers = async (logits: WrittenModel['logits']): Promise<Float32Array[]> => {
    const all: Float32Array[] = [];
    for (const ids of probes) {
      onText(done++, total);
      all.push(await logits(ids));
    }
    return all;
  };
  const runtime = chooseRuntime({ runtime: 'auto', device: 'cpu', threads: 0 });
  const weights = await openWeights(base, 'none', runtime.device === 'cpu');
  let attached: Executable | undefined;
  let withAdapter: readonly Float32Array[];
  let without: readonly Float32Array[];
  try {
    attached = await compileLogits(runtime, base, adapter, probeTokens, weights.source, halfAndBlocks);
    const executable = attached;
    const feeds = Object.fromEntries(
      adapter.trainables.map(({ name, shape }) => [name, f32(values.get(name)!, shape)] as const),
    );
    withAdapter = await answers((ids) => logitsOf({ executable, trained: feeds }, ids));
    const trained = await unchanged(base, adapter);
    without = await answers((ids) => logitsOf({ executable, trained }, ids));
  } finally {
    await attached?.dispose();
    await weights.close();
  }
  const alone = await open();
  try {
    const own = await answers((ids) => alone.logits(ids));
    onText(total, total);
    return compare(own, withAdapter, without, base.model.vocabSize, limits[dtype]);
  } finally {
    await alone.close();
  }
}

async function probesOf(base: BaseModel): Promise<Int32Array[]> {
  const { vocabSize, contextLength } = base.model;
  const length = Math.min(probeTokens, contextLength);
  // Steps of the golden ratio reach every part of the vocabulary with few tokens.
  const spread = Int32Array.from({ length }, (_, i) => Math.floor(((i * 0.6180339887498949) % 1) * vocabSize));
  try {
    const tokenizer = await openModelTokenizer(base);
    const texts = probeTexts.map((text) => tokenizer.encode(text).slice(0, length));
    const fits = (ids: Int32Array): boolean => ids.length > 0 && ids.every((id) => id < vocabSize);
    return [...texts.filter(fits), spread];
  } catch (error) {
    // A model without a tokenizer that is understood here can be merged all the same.
    if (!(error instanceof Failure)) throw error;
    return [spread];
  }
}

/** Values of the adapter's tensors with which the model is its base. */
async function unchanged(base: BaseModel, adapter: AdapterValues['adapter']): Promise<Record<string, Tensor>> {
  const feeds: Record<string, Tensor> = {};
  for (const { name, shape, baseWeight } of adapter.trainables) {
    const size = shape.reduce((product, length) => product * length, 1);
    feeds[name] = f32(baseWeight === undefined ? new Float32Array(size) : await readWeight(base, baseWeight), shape);
  }
  return feeds;
}

/** Each list has a text's logits [positions, vocabulary] an entry. */
export function compare(
  merged: readonly Float32Array[],
  attached: readonly Float32Array[],
  base: readonly Float32Array[],
  vocabulary: number,
  limit: number,
): MergeProof {
  let [positions, agreeing, largest, differences, changes, spread] = [0, 0, 0, 0, 0, 0];
  for (const [text, scores] of attached.entries()) {
    for (let start = 0; start < scores.length; start += vocabulary) {
      const row = scores.subarray(start, start + vocabulary);
      const own = merged[text]!.subarray(start, start + vocabulary);
      const before = base[text]!.subarray(start, start + vocabulary);
      const mean = row.reduce((sum, value) => sum + value, 0) / vocabulary;
      let [topRow, topOwn] = [0, 0];
      for (let i = 0; i < vocabulary; i++) {
        const difference = own[i]! - row[i]!;
        // A score that is no number counts as infinitely wrong.
        largest = Math.max(largest, Number.isNaN(difference) ? Infinity : Math.abs(difference));
        differences += difference ** 2;
        changes += (row[i]! - before[i]!) ** 2;
        spread += (row[i]! - mean) ** 2;
        if (row[i]! > row[topRow]!) topRow = i;
        if (own[i]! > own[topOwn]!) topOwn = i;
      }
      positions++;
      if (topRow === topOwn) agreeing++;
    }
  }
  const share = (sum: number): number => (sum === 0 ? 0 : Math.sqrt(sum / spread));
  return {
    positions,
    max_difference: largest,
    relative_difference: share(differences),
    limit,
    relative_change: share(changes),
    same_top_token: agreeing / positions,
  };
}
