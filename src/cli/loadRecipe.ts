import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { LoadedRecipe } from '../recipe/loadedRecipe';
import { applyOverrides } from '../recipe/overrides';
import { parseRecipe } from '../recipe/parse';
import { resolveRecipe } from '../recipe/resolve';
import type { CommandContext, CommandInput } from './command';
import { recipeMissing, recipeProblem, recipeUnreadable, wrongUsage } from './failures';

/** Option of every command that uses a recipe. */
export const setOption = {
  set: {
    type: 'text',
    isList: true,
    value: 'KEY=VALUE',
    description: 'Use another value than the recipe says, such as training.max_steps=10.',
  },
} as const;

/**
 * Reads the recipe that the command was given, with `--set` applied; its warnings go to stderr.
 * @throws Failure with the code of the recipe's first error, `recipe-not-found`, `recipe-unreadable`, `wrong-usage`
 */
export async function loadRecipe(input: CommandInput, context: CommandContext): Promise<LoadedRecipe> {
  const file = path.resolve(context.cwd, input.positionals[0]!);
  const overrides = input.list('set');
  const overridden = applyOverrides(await readRecipeText(file), overrides);
  const wrongOverride = overridden.problems[0];
  if (wrongOverride !== undefined) throw wrongUsage(`--set: ${wrongOverride.message}`);
  const { recipe, problems } = parseRecipe(overridden.text);
  const shown = shortPath(file, context.cwd);
  const errors = problems.filter(({ severity }) => severity === 'error');
  if (errors[0] !== undefined) throw recipeProblem(shown, errors[0], errors.length - 1, overrides.length > 0);
  // Without errors the required keys are there.
  const resolved = resolveRecipe(recipe!, { recipeFile: file });
  for (const { severity, message, path: key } of problems) {
    if (severity === 'warning')
      context.stderr.line(`${context.stderr.paint('yellow', 'warning:')} ${message} (${key})`);
  }
  return { file, text: overridden.text, recipe: resolved };
}

/** @throws Failure `recipe-not-found`, `recipe-unreadable` */
export async function readRecipeText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw isMissing(error) ? recipeMissing(file) : recipeUnreadable(file, error);
  }
}

export function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR');
}

/** The path from the current folder if the file lies in it, otherwise the whole. */
export function shortPath(file: string, cwd: string): string {
  const relative = path.relative(cwd, file);
  return relative === '' || relative.startsWith('..') || path.isAbsolute(relative) ? file : relative;
}
