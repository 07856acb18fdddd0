import type { Evaluation, MeasuredDifference } from '../../../run/answers';
import { formatCount, formatNumber, formatPercent } from '../../../run/format';

/** Whether a difference to the base model is one: `undecided` where the interval holds zero. */
export function verdictOn(
  difference: MeasuredDifference,
  isBetterWhenLower: boolean,
): 'better' | 'worse' | 'undecided' {
  const [low, high] = difference.interval;
  if (low <= 0 && high >= 0) return 'undecided';
  return high < 0 === isBetterWhenLower ? 'better' : 'worse';
}

/** The answer to "is it better than the base model?", in one sentence. */
export function sentence({ base, score, tokens }: Pick<Evaluation, 'base' | 'score' | 'tokens'>): string | undefined {
  if (base === undefined) return undefined;
  const loss = `the loss ${base.difference.mean < 0 ? 'falls' : 'rises'} by ${formatNumber(Math.abs(base.difference.mean))}`;
  const lossVerdict = verdictOn(base.difference, true);
  if (score?.base !== undefined) {
    const counts = `${formatPercent(100 * score.share)} of ${formatCount(score.rows)} answers are right, and ${formatPercent(100 * score.base.share)} of the base model's`;
    const verdict = verdictOn(score.base.difference, false);
    if (verdict !== 'undecided') return `It is ${verdict} than the base model: ${counts}.`;
    return `Its answers are neither better nor worse than the base model's as far as ${formatCount(score.rows)} of them can tell: ${counts}; ${loss}.`;
  }
  if (lossVerdict === 'undecided') {
    return `It is neither better nor worse than the base model as far as these ${formatCount(tokens)} tokens can tell: ${loss}, which may be chance.`;
  }
  const [low, high] = base.difference.interval.map(Math.abs).sort((a, b) => a - b);
  return `It is ${lossVerdict} than the base model on this data: ${loss}, surely (95 %) by ${formatNumber(low!)} to ${formatNumber(high!)}.`;
}
