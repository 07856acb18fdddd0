import type { ColumnDescription, DatasetDescription } from '../../run/proposal';
import { chooseUsable, type Choice } from './steps';

type UnknownColumns = Extract<DatasetDescription, { state: 'columns-unknown' }>;

/** Two questions: which column is the question, which the answer; or which one is all of the text. */
export async function chooseColumns(
  title: string,
  { columns, guess }: UnknownColumns,
): Promise<Readonly<Record<string, string>> | undefined> {
  const texts = columns.filter(({ example }) => example !== null);
  const whole: Choice<string | null> = {
    label: '$(list-flat) None: one column is all of the text',
    detail: 'Everything in it is learnt, as from a story or an article',
    value: null,
  };
  const questions = columnChoices(texts, guess['prompt']);
  const prompt = await chooseUsable(
    `${title}: which column is the question?`,
    'It is read, not learnt',
    guess['text'] === undefined ? [...questions, whole] : [whole, ...questions],
  );
  if (prompt === undefined) return undefined;
  if (prompt === null) {
    const text = await chooseUsable(
      `${title}: which column is the text?`,
      'It is learnt',
      columnChoices(texts, guess['text']),
    );
    return text === undefined ? undefined : { text };
  }
  const others = texts.filter(({ name }) => name !== prompt);
  const answers = columnChoices(others, guess['completion']);
  const completion = await chooseUsable(`${title}: which column is the answer?`, 'It is learnt', answers);
  return completion === undefined ? undefined : { prompt, completion };
}

/** The columns with what their first row says, the likeliest first. */
function columnChoices(columns: readonly ColumnDescription[], likeliest: string | undefined): Choice<string>[] {
  const sorted = [...columns].sort((a, b) => Number(b.name === likeliest) - Number(a.name === likeliest));
  return sorted.map(({ name, example }) => ({
    label: `$(symbol-field) ${name}`,
    detail: example === null || example === '' ? '(empty in the first row)' : example,
    value: name,
  }));
}
