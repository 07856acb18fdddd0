import type { ScoredAnswer, Score, WeightedAdapter } from '../../../run/answers';
import type { Dataset } from '../../data/dataset';
import { nothingToScore } from '../failures';
import type { TextModel } from '../textModel';
import { meanOf, shareOf } from './intervals';
import type { Scorer } from './scoring';

export interface AnswerOptions {
  readonly method: string;
  readonly scorer: Scorer;
  /** Rows at most, from the first on. */
  readonly limit: number;
  readonly maxNewTokens: number;
  readonly adapters: readonly WeightedAdapter[];
  readonly signal: AbortSignal | undefined;
  readonly onAnswer: (done: number, all: number) => void;
}

interface Question {
  readonly row: number;
  readonly ids: Int32Array;
  readonly expected: string;
}

/**
 * Lets the model answer the rows of a dataset greedily, with the adapters and, where there are some, without, all in one
 * batch, and compares the answers with what the rows say.
 * @throws Failure `evaluation-not-scorable` where no row has a question and an answer
 */
export async function scoreAnswers(model: TextModel, dataset: Dataset, options: AnswerOptions): Promise<Score> {
  const questions = await readQuestions(model, dataset, options);
  const { adapters, method, scorer } = options;
  const chosen = adapters.map(({ folder, weight }) => ({ name: folder, weight }));
  let done = 0;
  const all = questions.length * (chosen.length === 0 ? 1 : 2);
  const ask = async ({ ids, expected }: Question, active: typeof chosen) => {
    const greedy = { temperature: 0, topP: 1, seed: 0 };
    const request = { ...greedy, ids, adapters: active, maxNewTokens: options.maxNewTokens, signal: options.signal };
    const continuation = await model.generate(request);
    const text = await continuation.whole();
    options.onAnswer(++done, all);
    return { text, isRight: scorer(text, expected) };
  };
  const own = Promise.all(questions.map((question) => ask(question, chosen)));
  const others = chosen.length === 0 ? undefined : Promise.all(questions.map((question) => ask(question, [])));
  const [found, base] = await Promise.all([own, others]);
  const answers = questions.map(({ row, expected }, i): ScoredAnswer => {
    const { text, isRight } = found[i]!;
    const plain = base?.[i];
    const beside = plain === undefined ? {} : { base_answer: plain.text, base_correct: plain.isRight };
    return { row, expected, answer: text, correct: isRight, ...beside };
  });
  const right = (list: readonly { readonly isRight: boolean }[]): number =>
    list.filter(({ isRight }) => isRight).length;
  const rows = questions.length;
  const difference = (others: readonly { readonly isRight: boolean }[]) =>
    meanOf(found.map(({ isRight }, i) => ({ sum: Number(isRight) - Number(others[i]!.isRight), count: 1 })));
  return {
    ...{ method, rows, correct: right(found), ...shareOf(right(found), rows) },
    ...(base === undefined
      ? {}
      : { base: { correct: right(base), ...shareOf(right(base), rows), difference: difference(base) } }),
    answers,
  };
}

/** The prompt of a row is what stands before its first learnt token; its answer what is learnt there. */
async function readQuestions(model: TextModel, dataset: Dataset, { limit }: AnswerOptions): Promise<Question[]> {
  const questions: Question[] = [];
  let rows = 0;
  for await (const { ids, supervised, row } of dataset.rows(limit)) {
    rows++;
    const start = supervised.indexOf(1, 1);
    // A text without a question begins to be learnt at once.
    if (start < 1 || supervised[0] === 1) continue;
    const after = supervised.indexOf(0, start);
    const learnt = ids.subarray(start, after < 0 ? ids.length : after);
    const expected = model.tokenizer.decode(learnt, { skipSpecialTokens: true }).trim();
    const prompt = ids.subarray(0, start);
    if (expected !== '' && prompt.length < model.maxLength) questions.push({ row, ids: prompt, expected });
  }
  if (questions.length === 0) throw nothingToScore(dataset.path, rows);
  return questions;
}
