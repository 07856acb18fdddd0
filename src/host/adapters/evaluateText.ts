import { trainedOnTheseRows } from '../../run/answers';
import type { Evaluation } from '../../run/answers';
import { formatNumber, formatPercent } from '../../run/format';

/** What was found out about an adapter: the sentence first, then the figures beside the base model's. */
export function evaluatedText(name: string, rows: string, evaluation: Evaluation): string {
  const { base, verdict, not_kept: notKept, trained_on: trainedOn } = evaluation;
  const beside = (own: string, other: string | undefined): string =>
    other === undefined ? own : `${own} (base model ${other})`;
  const share = (value: number): string => formatPercent(100 * value);
  const figures = [
    `Loss ${beside(formatNumber(evaluation.eval_loss), base && formatNumber(base.eval_loss))}`,
    `right first guesses ${beside(share(evaluation.mean_token_accuracy), base && share(base.mean_token_accuracy))}`,
  ];
  const kept = notKept === undefined ? 'Kept in its folder and its model card.' : `It could not be kept: ${notKept}`;
  const trained = trainedOn === true ? trainedOnTheseRows : undefined;
  return [`${name} on ${rows}:`, verdict, trained, `${figures.join(', ')}.`, kept]
    .filter((part) => part !== undefined)
    .join(' ');
}
