import type { RecipeDraft } from './draft';
import { isUnread, type DataFacts, type Facts, type FailureFacts } from './facts';
import { preferred, setValue, type Fix } from './fix';
import { nearest } from './nearest';
import { similarNames } from './otherFamilies';
import type { JsonPath } from './schema';

/** What people call the columns that we call otherwise. */
const usualNames: Readonly<Record<string, readonly string[]>> = {
  prompt: ['question', 'input', 'query', 'instruction', 'source', 'request', 'user', 'text', 'problem', 'utterance'],
  completion: [
    'answer',
    'output',
    'response',
    'target',
    'reply',
    'assistant',
    'label',
    'label_text',
    'solution',
    'sql',
  ],
  text: ['content', 'document', 'body', 'sentence', 'story', 'passage', 'article'],
};

/** Which columns of a file are probably its question and answer, or its only text. */
export function guessColumns(columns: readonly string[]): Readonly<Record<string, string>> | undefined {
  const plain = new Map(columns.map((column) => [column.toLowerCase(), column]));
  const found = (role: string): string | undefined =>
    [role, ...usualNames[role]!].map((name) => plain.get(name)).find((column) => column !== undefined);
  const [prompt, completion] = [found('prompt'), found('completion')];
  if (prompt !== undefined && completion !== undefined && prompt !== completion) return { prompt, completion };
  const text = columns.length === 1 ? columns[0] : found('text');
  return text === undefined ? undefined : { text };
}

type FixesOf = (draft: RecipeDraft, facts: Facts, failure: FailureFacts) => readonly Fix[];

function columnsOf(facts: Facts, { file }: FailureFacts): readonly string[] {
  const parts = [facts.data, facts.evalData].filter((part): part is DataFacts => part !== undefined && !isUnread(part));
  return parts.find((part) => part.file === file)?.columns ?? [];
}

/** A chat as plain lines, for models without a template of their own. */
const plainChat =
  "{% for m in messages %}{{ m.role + ': ' + m.content + '\\n' }}{% if m.role == 'assistant' %}{{ eos_token }}{% endif %}{% endfor %}{% if add_generation_prompt %}{{ 'assistant: ' }}{% endif %}";

/** No list of fixes gets longer than anyone reads. */
const mostColumns = 5;

/** What to do about what could not be read, where the recipe can do something about it. */
const fixesByCode: Readonly<Record<string, FixesOf>> = {
  'dataset-format-unknown'(draft, facts, failure) {
    const columns = columnsOf(facts, failure);
    const guess = guessColumns(columns);
    const format = draft.dataset?.format ?? 'auto';
    const auto = format === 'auto' ? [] : [preferred(setValue(['dataset', 'format'], 'auto', 'Find the format out'))];
    if (guess === undefined) return auto;
    const words = Object.entries(guess).map(([role, column]) => `${JSON.stringify(column)} as ${role}`);
    const path: JsonPath = ['dataset', 'columns'];
    const mapping = setValue(path, { ...draft.dataset?.columns, ...guess }, `Read ${words.join(', ')}`);
    return [...auto, auto.length === 0 ? preferred(mapping) : mapping];
  },
  'dataset-column-missing'(draft, facts, failure) {
    const role = failure.path?.split('.').at(-1) ?? '';
    const given = draft.dataset?.columns as Readonly<Record<string, string>> | undefined;
    const column = given?.[role] ?? '';
    const columns = columnsOf(facts, failure);
    const near = nearest(column, columns) ?? (columns.includes(role) ? role : undefined);
    // Nothing is like it: then any column that has no role yet may be meant, the likeliest first.
    const free = columns.filter((name) => !Object.values(given ?? {}).includes(name));
    const likely = guessColumns(columns)?.[role];
    const isFree = (name: string | undefined): name is string => name !== undefined && free.includes(name);
    const similar = [...new Set([...similarNames(column, columns), likely, ...free])].filter(isFree);
    const names = near === undefined ? similar.slice(0, mostColumns) : [near];
    const fixes = names.map((name) => setValue(['dataset', 'columns', role], name, `Write ${JSON.stringify(name)}`));
    return fixes.length === 1 ? [preferred(fixes[0]!)] : fixes;
  },
  'dataset-role-unknown': (_, __, { path }) => {
    const role = path?.split('.').at(-1);
    if (role === undefined) return [];
    return [preferred({ title: `Delete "${role}"`, changes: [{ path: ['dataset', 'columns', role], remove: true }] })];
  },
  'dataset-chat-template-missing': () => [setValue(['dataset', 'template'], plainChat, 'Write chats as plain lines')],
  'dataset-eval-split': () => [preferred(setValue(['dataset', 'eval_split'], 0, 'Train on all rows'))],
  'evaluation-all-masked': () => [setValue(['dataset', 'eval_split'], 0, 'Train on all rows')],
};

export function failureFixes(draft: RecipeDraft, facts: Facts, failure: FailureFacts): readonly Fix[] {
  return Object.hasOwn(fixesByCode, failure.code) ? fixesByCode[failure.code]!(draft, facts, failure) : [];
}
