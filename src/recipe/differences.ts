import type { ResolvedRecipe } from './recipe.generated';

/** What may change between a run and its continuation: how long it goes, what it stores, shows and where it writes. */
const resumableKeys = /^(name|output|training\.(max_steps|num_train_epochs|save_\w+|logging_\w+))$/;

/**
 * The dotted keys in which two recipes differ so that one cannot continue the other's run, in the recipe's order.
 */
export function resumableDifferences(a: ResolvedRecipe, b: ResolvedRecipe): readonly string[] {
  return differingKeys(a, b, '').filter((key) => !resumableKeys.test(key));
}

function differingKeys(a: unknown, b: unknown, path: string): readonly string[] {
  if (!isTable(a) || !isTable(b)) return JSON.stringify(a) === JSON.stringify(b) ? [] : [path];
  const keys = [...new Set([...Object.keys(a), ...Object.keys(b)])];
  return keys.flatMap((key) => differingKeys(a[key], b[key], path === '' ? key : `${path}.${key}`));
}

function isTable(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
