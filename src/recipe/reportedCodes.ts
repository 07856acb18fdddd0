import { recipeChecks } from './checks';
import type { Severity } from './problem';
import type { CheckKind } from './recipeCheck';

/** A code that a problem can have, with a page of its own under `docs/checks`. */
export interface ReportedCode {
  readonly code: string;
  readonly severity: Severity;
  readonly kind: CheckKind;
  readonly title: string;
}

function errors(kind: CheckKind, titles: Readonly<Record<string, string>>): readonly ReportedCode[] {
  return Object.entries(titles).map(([code, title]) => ({ code, severity: 'error', kind, title }));
}

/** What the schema, and whoever reads models and data, finds besides the table of checks. */
const beyondTheTable: readonly ReportedCode[] = [
  ...errors('S', {
    'recipe-syntax': 'A comma, bracket or quote is missing or too many',
    'missing-key': 'A key that every recipe needs is missing',
    'unknown-key': 'A key that recipes do not have',
    'duplicate-key': 'A key is written twice',
    'wrong-type': 'A number in quotes, a text instead of a list, and so on',
    'unknown-value': 'A word that this key does not know',
    'empty-value': 'An empty text or list',
    'out-of-range': 'A number too small or too large',
    'model-missing': 'There is no such model folder',
    'model-not-in-hub-cache': 'A model that is neither a folder nor downloaded',
    'model-pickle-only': 'A model whose weights are only there as a pickle file',
    'model-type-unsupported': 'A model of a family that is not supported',
    'dataset-missing': 'There is no such dataset file',
    'dataset-empty': 'A dataset without rows',
    'dataset-not-rows': 'A file that does not hold rows',
    'dataset-row-invalid': 'A row that cannot be used',
    'dataset-format-unknown': 'Columns that fit no known shape',
    'dataset-column-missing': '`columns` names a column that is not there',
    'dataset-role-unknown': '`columns` names a role that does not exist',
    'dataset-eval-split': 'Nothing is left to train on',
  }),
  ...errors('T', {
    'dataset-chat-template-missing': 'Conversations, and a model without a chat template',
    'template-too-slow': 'A template that never comes to an end',
    'template-too-large': 'A template that needs too much memory',
    'too-large-to-check': 'A file that needs too much memory to be looked at',
    'evaluation-all-masked': 'Nothing can be measured on the evaluation rows',
  }),
  ...errors('D', {
    'init-from-misfit': 'The adapter to start from does not fit the recipe',
    'adapter-without-gradient': 'A part of the adapter that cannot learn',
    'out-of-memory': 'The longest rows do not fit into memory',
    'training-diverged': 'The loss is no number any more',
  }),
  ...errors('P', {
    'adapter-unchanged': 'Training changed nothing in a layer',
    'adapter-without-effect': 'The adapter changes nothing that the model says',
  }),
];

export const reportedCodes: readonly ReportedCode[] = [...beyondTheTable, ...recipeChecks];

const withPage = new Set(reportedCodes.map(({ code }) => code));

/** The page about a problem, from the root of the repository. */
export function documentationOf(code: string): string {
  return withPage.has(code) ? `docs/checks/${code}.md` : 'docs/troubleshooting.md';
}
