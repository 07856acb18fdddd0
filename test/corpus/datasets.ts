import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { jsonLines } from '../tiny/recipe';

interface Message {
  readonly role: string;
  readonly content: string;
}

/** The same for each of `count` rows, a little different. */
function rows<T>(count: number, row: (i: number) => T): T[] {
  return Array.from({ length: count }, (_, i) => row(i));
}

const pair = (i: number): unknown => ({ prompt: `What is ${i} plus 2?`, completion: ` ${i + 2}` });
const story = (i: number): unknown => ({ text: `Tom had ${i} red balls. He gave one to Ann.` });
const turns = (i: number): readonly Message[] => [
  { role: 'user', content: `How many legs have ${i} cats?` },
  { role: 'assistant', content: `${4 * i} legs.` },
];
const alpaca = (i: number): unknown => ({
  instruction: 'Turn the word round.',
  input: i % 3 === 0 ? '' : `word${i}`,
  output: `${i}drow`,
});
const shared = (i: number): unknown => ({
  conversations: [
    { from: 'human', value: `Name the number after ${i}.` },
    { from: 'gpt', value: String(i + 1) },
  ],
});
const long = (i: number): unknown => ({ prompt: `${i} ${'so '.repeat(60)}?`, completion: ' yes' });
const cell = (text: string): string => `"${text}"`;
const table = (lines: readonly (readonly string[])[], separator = ','): string =>
  lines.map((line) => `${line.join(separator)}\n`).join('');

/** Rows 10 and so on of `good`, each changed by one of `changes`. */
function spoilt(good: readonly unknown[], ...changes: readonly unknown[]): readonly unknown[] {
  return good.map((row, i) => (i >= 10 && i < 10 + changes.length ? changes[i - 10] : row));
}

const good: Readonly<Record<string, string | Buffer>> = {
  'pairs.jsonl': jsonLines(rows(40, pair)),
  'eval.jsonl': jsonLines(rows(8, (i) => pair(100 + i))),
  'pairs.json': JSON.stringify(rows(40, pair), null, 1),
  'stories.jsonl': jsonLines(rows(40, story)),
  'stories.txt': rows(40, (i) => `Line ${i} of a plain file of text.\n`).join(''),
  'chat.jsonl': jsonLines(rows(40, (i) => ({ messages: turns(i) }))),
  'chat-eval.jsonl': jsonLines(rows(6, (i) => ({ messages: turns(60 + i) }))),
  'system-chat.jsonl': jsonLines(
    rows(30, (i) => ({ messages: [{ role: 'system', content: 'Count.' }, ...turns(i), ...turns(i + 1)] })),
  ),
  'chat-pairs.jsonl': jsonLines(rows(30, (i) => ({ prompt: turns(i).slice(0, 1), completion: turns(i).slice(1) }))),
  'alpaca.json': JSON.stringify(rows(40, alpaca)),
  'alpaca.jsonl': jsonLines(rows(40, alpaca)),
  'sharegpt.jsonl': jsonLines(rows(40, shared)),
  'questions.csv': table([
    ['question', 'answer'],
    ...rows(40, (i) => [cell(`Is ${i} even, say?`), cell(i % 2 ? 'no' : 'yes')]),
  ]),
  'questions.tsv': table([['question', 'answer'], ...rows(40, (i) => [`Is ${i} odd?`, i % 2 ? 'yes' : 'no'])], '\t'),
  'gsm.jsonl': jsonLines(rows(40, (i) => ({ question: `Two and ${i}?`, answer: `${i} + 2 = ${i + 2}` }))),
  'articles.jsonl': jsonLines(rows(40, (i) => ({ id: i, title: `T${i}`, content: `Text number ${i}.` }))),
  'labels.csv': table([['text', 'category'], ...rows(40, (i) => [cell(`my card ${i} is lost`), 'lost_card'])]),
  'many.jsonl': jsonLines(rows(1200, pair)),
  'largest.jsonl': jsonLines(rows(40, (i) => ({ prompt: `${i}?`, completion: ' 1', text: 'unused' }))),
};

const bad: Readonly<Record<string, string | Buffer>> = {
  'few.jsonl': jsonLines(rows(5, pair)),
  'one.jsonl': jsonLines(rows(1, pair)),
  'empty.jsonl': '',
  'blank.json': '[]',
  'number.jsonl': jsonLines(spoilt(rows(40, pair), { prompt: 'What is 1 plus 1?', completion: 2 })),
  'null.jsonl': jsonLines(spoilt(rows(40, pair), { prompt: 'Who?', completion: null }, { prompt: 'Why?' })),
  'lists.jsonl': jsonLines(spoilt(rows(40, alpaca), { instruction: 'Count.', input: '', output: ['1', '2'] })),
  'array.jsonl': JSON.stringify(rows(40, pair)),
  'object.json': JSON.stringify({ data: rows(40, pair) }),
  'strange-key.json': JSON.stringify({ mine: rows(40, pair) }),
  'cut.jsonl': `${jsonLines(rows(30, pair))}{"prompt": "Is it who`,
  'roleless.jsonl': jsonLines(
    spoilt(
      rows(40, (i) => ({ messages: turns(i) })),
      { messages: [{ content: 'Hello' }] },
    ),
  ),
  'no-turns.jsonl': jsonLines(spoilt(rows(40, shared), { conversations: [] })),
  'unanswered.jsonl': jsonLines(spoilt(rows(40, pair), { prompt: 'Who am I?', completion: '' })),
  'blank-text.jsonl': jsonLines(spoilt(rows(40, story), { text: '   ' }, { text: '' })),
  'user-only.jsonl': jsonLines(rows(30, (i) => ({ messages: turns(i).slice(0, 1) }))),
  'long.jsonl': jsonLines(rows(40, long)),
  'partly-long.jsonl': jsonLines(rows(40, (i) => (i % 8 === 5 ? long(i) : pair(i)))),
  'long-answers.jsonl': jsonLines(
    rows(40, (i) => ({ prompt: `Say it ${i} times.`, completion: ` ${'yes '.repeat(40)}` })),
  ),
  'begun.jsonl': jsonLines(rows(40, (i) => ({ text: `<s>Story ${i}: a dog ran.` }))),
  'extra.jsonl': jsonLines(spoilt(rows(40, story), { text: 'A <extra> token.' })),
  'windows.csv': Buffer.from('\uFEFFprompt,completion\nWho,Me\n', 'utf16le'),
  'unknown.jsonl': jsonLines(rows(40, (i) => ({ sentence: `Sentence ${i}`, sentiment: 'good' }))),
  'upper.jsonl': jsonLines(rows(40, (i) => ({ TEXT: `Text ${i}.` }))),
  'preference.jsonl': jsonLines(rows(40, (i) => ({ prompt: `Say ${i}.`, chosen: String(i), rejected: 'No.' }))),
  'paper.pdf': '%PDF-1.7',
};

export async function writeCorpusData(folder: string): Promise<void> {
  await mkdir(path.join(folder, 'pictures', 'cats'), { recursive: true });
  for (const [name, content] of Object.entries({ ...good, ...bad })) await writeFile(path.join(folder, name), content);
}
