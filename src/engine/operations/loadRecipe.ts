import { readFile } from 'node:fs/promises';
import type { LoadedRecipe } from '../../recipe/loadedRecipe';
import { applyOverrides } from '../../recipe/overrides';
import { parseRecipe } from '../../recipe/parse';
import type { Problem } from '../../recipe/problem';
import { resolveRecipe } from '../../recipe/resolve';
import { systemErrorCode } from '../formats/failures';
import { recipeMissing, recipeProblem, recipeUnreadable, wrongOverride } from './recipeFailures';

export interface RecipeSource {
  /** Absolute path. */
  readonly file: string;
  /** How failures name the file; without it as it is. */
  readonly shown?: string;
  /** `KEY=VALUE`, as after `--set`. */
  readonly overrides: readonly string[];
  /** Its text as it stands in an editor, instead of the file's. */
  readonly text?: string;
}

/**
 * Reads a recipe that is about to be used, with its overrides, and says what is doubtful in it.
 * @throws Failure with the code of the recipe's first error, `recipe-not-found`, `recipe-unreadable`, `wrong-usage`
 */
export async function loadRecipe({
  file,
  shown = file,
  overrides,
  text,
}: RecipeSource): Promise<{ readonly loaded: LoadedRecipe; readonly warnings: readonly Problem[] }> {
  const overridden = applyOverrides(text ?? (await readRecipeText(file)), overrides);
  if (overridden.problems[0] !== undefined) throw wrongOverride(overridden.problems[0]);
  const { recipe, problems } = parseRecipe(overridden.text);
  const errors = problems.filter(({ severity }) => severity === 'error');
  if (errors[0] !== undefined) throw recipeProblem(shown, errors[0], errors.length - 1, overrides.length > 0);
  // Without errors the required keys are there.
  const resolved = resolveRecipe(recipe!, { recipeFile: file });
  return {
    loaded: { file, text: overridden.text, recipe: resolved },
    warnings: problems.filter(({ severity }) => severity === 'warning'),
  };
}

/** @throws Failure `recipe-not-found`, `recipe-unreadable` */
export async function readRecipeText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    const code = systemErrorCode(error);
    throw code === 'ENOENT' || code === 'ENOTDIR' ? recipeMissing(file) : recipeUnreadable(file, error);
  }
}
