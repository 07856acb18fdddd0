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

/** What could not be read, and what is wrong with rows. */
export function factFailures(draft: RecipeDraft, facts: Facts): readonly FailureFinding[] {
  return (Object.keys(keyOf) as FactName[]).flatMap((name) => {
    const part = facts[name];
    const key = keyOf[name];
    if (isUnread(part)) return [failureFinding(draft, facts, part.failure, key)];
    if ((name !== 'data' && name !== 'evalData') || part === undefined) return [];
    return rowFailures(part as DataFacts).map((failure) => failureFinding(draft, facts, failure, key));
  });
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
    path: schemaAt(path ?? fallback)?.path ?? [],
    fixes: failureFixes(draft, facts, failure),
    ...(place === undefined ? {} : { place }),
  };
}
