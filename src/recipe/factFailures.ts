import { isUnread, type FactName, type Facts, type FailureFacts } from './facts';
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

/** What could not be read, each once: without a model there are no tokens either, and both say why. */
export function factFailures(facts: Facts): readonly FailureFinding[] {
  const found = (Object.keys(keyOf) as FactName[]).flatMap((name) => {
    const part = facts[name];
    return isUnread(part) ? [failureFinding(part.failure, keyOf[name])] : [];
  });
  const identity = ({ code, path, message, place }: FailureFinding): string =>
    JSON.stringify([code, path, message, place]);
  return [...new Map(found.toReversed().map((finding) => [identity(finding), finding])).values()].toReversed();
}

/** A failure as a finding, at the key that it names, else at `fallback`, else in the file that it names. */
export function failureFinding(failure: FailureFacts, fallback: string): FailureFinding {
  const { code, message, hint, path, file, line } = failure;
  const place = path === undefined && file !== undefined && line !== undefined ? { file, line } : undefined;
  return {
    code,
    message: hint === undefined ? message : `${message} ${hint}`,
    path: schemaAt(path ?? fallback)?.path ?? [],
    ...(place === undefined ? {} : { place }),
  };
}
