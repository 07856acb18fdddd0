import type { ResolvedRecipe } from './recipe.generated';

/** What may change between a run and its continuation: how long it goes, what it stores, shows and where it writes. */
const resumableKeys = /^(name|output|training\.(max_steps|num_train_epochs|save_\w+|logging_\w+))$/;

/**
 * The dotted keys in which two recipes differ so that `b` cannot continue the run of `a`, in the recipe's order. A run goes on
 * on the device on which it began, so that a recipe that leaves it open continues one that was asked for by a setting.
 */
export function resumableDifferences(a: ResolvedRecipe, b: ResolvedRecipe): readonly string[] {
  const mayDiffer = (key: string): boolean => {
    return resumableKeys.test(key) || (key === 'engine.device' && b.engine.device === 'auto');
  };
  return differingKeys(a, b, '').filter((key) => !mayDiffer(key));
}

function differingKeys(a: unknown, b: unknown, path: string): readonly string[] {
  if (!isTable(a) || !isTable(b)) return JSON.stringify(a) === JSON.stringify(b) ? [] : [path];
  const keys = [...new Set([...Object.keys(a), ...Object.keys(b)])];
  return keys.flatMap((key) => differingKeys(a[key], b[key], path === '' ? key : `${path}.${key}`));
}

function isTable(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
