import { markdownText } from './cardText';

/** Figures of an adapter, or of its base model, over the rows of one file. */
export interface CardFigures {
  /** Nats for each supervised token. */
  readonly loss: number;
  readonly perplexity: number;
  /** Share of correct first guesses. */
  readonly accuracy: number;
  /** Share of right answers; undefined where it was not asked to answer. */
  readonly score: number | undefined;
}

/** One evaluation as a model card tells it. */
export interface CardEvaluation {
  /** Name of the file of rows. */
  readonly dataset: string;
  /** Whether the adapter was trained on this very file. */
  readonly isTrainedOn: boolean;
  readonly own: CardFigures;
  readonly base: CardFigures | undefined;
  /** Whether it is better than the base model, in one sentence. */
  readonly verdict: string | undefined;
}

const begin = '<!-- lora evaluate: begin -->\n';
const end = '<!-- lora evaluate: end -->\n';

/**
 * A model card with what evaluations found, in place of what it said of earlier ones: before its part on training, or at its end.
 * Without any evaluation it says nothing of them.
 */
export function withEvaluations(card: string, evaluations: readonly CardEvaluation[]): string {
  const plain = withoutEvaluations(card);
  if (evaluations.length === 0) return plain;
  const part = `${begin}${text(evaluations)}${end}\n`;
  const training = /^## Training$/m.exec(plain);
  if (training !== null) return plain.slice(0, training.index) + part + plain.slice(training.index);
  return `${plain.trimEnd()}\n\n${part.trimEnd()}\n`;
}

function withoutEvaluations(card: string): string {
  const from = card.indexOf(begin);
  const to = card.indexOf(end, from);
  if (from < 0 || to < 0) return card;
  return card.slice(0, from) + card.slice(to + end.length).replace(/^\n/, '');
}

function text(evaluations: readonly CardEvaluation[]): string {
  const hasScore = evaluations.some(({ own }) => own.score !== undefined);
  const heads = ['rows', 'model', 'loss', 'perplexity', 'right first guesses', ...(hasScore ? ['right answers'] : [])];
  const rows = evaluations.flatMap((one) => [
    [rowsOf(one), 'with the adapter', ...cells(one.own, hasScore)],
    ...(one.base === undefined ? [] : [[rowsOf(one), 'base model', ...cells(one.base, hasScore)]]),
  ]);
  const line = (parts: readonly string[]): string => `| ${parts.join(' | ')} |`;
  const table = [line(heads), line(heads.map(() => '---')), ...rows.map(line)].join('\n');
  const verdicts = evaluations.flatMap(({ dataset, verdict }) =>
    verdict === undefined ? [] : [`- ${markdownText(dataset)}: ${markdownText(verdict)}`],
  );
  return `## Evaluation\n\n${table}\n${verdicts.length === 0 ? '' : `\n${verdicts.join('\n')}\n`}`;
}

function rowsOf({ dataset, isTrainedOn }: CardEvaluation): string {
  return isTrainedOn ? `${markdownText(dataset)} (trained on)` : markdownText(dataset);
}

function cells({ loss, perplexity, accuracy, score }: CardFigures, hasScore: boolean): readonly string[] {
  const shares = hasScore ? [accuracy, score] : [accuracy];
  const number = (value: number): string => String(Number(value.toPrecision(4)));
  const percent = (share: number | undefined): string =>
    share === undefined ? '–' : `${Number((100 * share).toFixed(1))} %`;
  return [number(loss), number(perplexity), ...shares.map(percent)];
}
