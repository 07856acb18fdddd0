import { formatCount, formatPercent } from '../../run/format';

/** A row in tokens, as long as it is. */
export interface SampledRow {
  readonly tokens: number;
  /** Position of its first token that is to be learnt. */
  readonly answerAt: number;
}

export interface ProposedLength {
  readonly value: number;
  readonly reason: string;
  readonly warnings: readonly string[];
}

/** Longer rows take very long on a processor: their cost grows faster than their length. */
const longestUsual = 1024;
const shortest = 16;

/**
 * `max_length`: what holds the longest row, or 99 % of the rows where a few are far longer; a multiple of 8, as far as
 * the model can read.
 */
export function proposeLength(
  sample: readonly SampledRow[],
  isComplete: boolean,
  contextLength: number,
): ProposedLength {
  const lengths = sample.map(({ tokens }) => tokens).sort((a, b) => a - b);
  const longest = lengths.at(-1) ?? shortest;
  const most = lengths[Math.min(lengths.length - 1, Math.floor(0.99 * lengths.length))] ?? longest;
  const wanted = longest <= Math.max(64, 1.5 * most) ? longest : most;
  const step = wanted <= 128 ? 8 : 16;
  const limit = Math.min(contextLength, Math.max(longestUsual, shortest));
  const value = Math.min(limit, Math.max(shortest, step * Math.ceil(wanted / step)));
  const cut = sample.filter(({ tokens }) => tokens > value).length / Math.max(1, sample.length);
  const lost = sample.filter(({ answerAt }) => answerAt >= value).length / Math.max(1, sample.length);
  return { value, reason: reasonOf(value), warnings: lostWarnings() };

  function reasonOf(chosen: number): string {
    const rows = isComplete ? 'row' : `of ${formatCount(sample.length)} sampled rows`;
    if (cut === 0)
      return `The longest ${rows} has ${formatCount(longest)} tokens; ${chosen} holds ${isComplete ? 'it' : 'them all'}.`;
    const share = formatPercent(100 * cut).replace('.00', '');
    const tail = `${share} of the rows are longer and lose their end.`;
    if (wanted <= chosen) return `A few rows are far longer than the others: ${tail}`;
    if (chosen === contextLength) return `This model reads no more than ${contextLength} tokens; ${tail}`;
    return `Longer rows take very long; ${tail}`;
  }

  function lostWarnings(): readonly string[] {
    if (lost < 0.05) return [];
    return [
      `In ${formatPercent(Math.round(100 * lost))} of the rows the question alone is longer than ${value} tokens, so nothing of them is learnt. ` +
        (value === contextLength
          ? 'Shorten the questions, or use a model that reads more.'
          : 'Raise dataset.max_length, or shorten the questions.'),
    ];
  }
}
