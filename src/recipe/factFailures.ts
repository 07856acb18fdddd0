import type { RecipeDraft } from './draft';
import { isUnread, type DataFacts, type FactName, type Facts, type FailureFacts, type Unread } from './facts';
import { failureFixes } from './failureFixes';
import type { Finding } from './recipeCheck';
import { schemaAt } from './schema';

/** The key that names what a part of the facts is about. */
const keyOf: Readonly<Record<FactName, string>> = {
  model: 'base_model',
  data: 'dataset.path',
  evalData: 'dataset.eval_path',
  tokens: 'dataset.path',
  evalTokens: 'dataset.eval_path',
  patterns: 'lora',
  start: 'lora.init_from',
  machine: 'engine',
  places: 'output',
  cost: 'training',
};

export interface FailureFinding extends Finding {
  readonly code: string;
}

/**
 * What could not be read, and what is wrong with rows; each once: without a tokenizer there are neither rows to train on
 * nor rows to measure with, for the same reason.
 */
export function factFailures(draft: RecipeDraft, facts: Facts): readonly FailureFinding[] {
  const found = new Map<string, FailureFinding>();
  for (const name of Object.keys(keyOf) as FactName[]) {
    for (const failure of failuresIn(name, facts)) {
      const identity = JSON.stringify(failure);
      if (!found.has(identity)) found.set(identity, failureFinding(draft, facts, failure, keyOf[name]));
    }
  }
  return [...found.values()];
}

function failuresIn(name: FactName, facts: Facts): readonly FailureFacts[] {
  const part = facts[name];
  if (isUnread(part)) return [part.failure];
  const isData = name === 'data' || name === 'evalData';
  return isData && part !== undefined ? rowFailures(part as DataFacts) : [];
}

function rowFailures(data: DataFacts): readonly FailureFacts[] {
  const { shape, badRows, badRowCount, scannedRows, file } = data;
  const unreadable: readonly Unread[] = isUnread(shape) ? [shape] : [];
  const [first] = badRows;
  const others: readonly FailureFacts[] =
    first === undefined || badRowCount === badRows.length
      ? []
      : [
          {
            code: first.code,
            message: `${badRowCount} of the first ${scannedRows} rows cannot be used; the first ${badRows.length} are marked in ${file}.`,
          },
        ];
  return [...unreadable.map(({ failure }) => failure), ...others, ...badRows];
}

/** A failure as a finding, at the key that it names, else at `fallback`, else in the file that it names. */
function failureFinding(draft: RecipeDraft, facts: Facts, failure: FailureFacts, fallback: string): FailureFinding {
  const { code, message, hint, path, file, line } = failure;
  const place = path === undefined && file !== undefined && line !== undefined ? { file, line } : undefined;
  return {
    code,
    message: hint === undefined ? message : `${message} ${hint}`,
    // A failure in a model's config.json names a key of that file.
    path: (path === undefined ? undefined : schemaAt(path)?.path) ?? schemaAt(fallback)?.path ?? [],
    fixes: failureFixes(draft, facts, failure),
    ...(place === undefined ? {} : { place }),
  };
}
