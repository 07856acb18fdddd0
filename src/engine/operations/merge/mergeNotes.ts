import type { MergeDtype, MergeProof } from '../../../run/merge';
import { formatPercent } from '../../../run/format';
import type { MergedTensors } from './mergedTensors';

/** Share of the adapter's change from which on its loss by rounding is worth a word. */
const muchLost = 0.1;

/** Why the weights are stored as they are. */
export type DtypeReason = keyof typeof reasons;

const reasons = {
  chosen: 'as asked for',
  base: 'as in the base model',
  gguf: 'because the blocks of a GGUF file hold no sums',
} as const;

/** What to know of a merged model, one sentence or two each. */
export function mergeNotes(
  proof: MergeProof,
  dtype: MergeDtype,
  why: DtypeReason,
  { untied }: MergedTensors,
): readonly string[] {
  return [...rounding(proof, dtype, why), ...untied.map(untiedNote)];
}

function rounding(
  { relative_difference: difference, relative_change: change }: MergeProof,
  dtype: MergeDtype,
  why: DtypeReason,
): readonly string[] {
  if (dtype === 'float32') return [];
  const stored = `Weights are stored in ${dtype}, ${reasons[why]}: rounding them moves scores by ${formatPercent(100 * difference)},`;
  const effect = formatPercent(100 * change);
  if (difference <= muchLost * change) return [`${stored} what was learnt moves them by ${effect}.`];
  return [
    `${stored} and what was learnt moves them by no more than ${effect}. Merged in float32 (--dtype float32), more of it is kept.`,
  ];
}

function untiedNote([alias, weight]: readonly [string, string]): string {
  return (
    `${alias} and ${weight} were one weight in the base model and are two now, so config.json says ` +
    '"tie_word_embeddings": false.'
  );
}
