import path from 'node:path';
import * as recipes from '../engine/operations/loadRecipe';
import type { LoadedRecipe } from '../recipe/loadedRecipe';
import type { CommandContext, CommandInput } from './command';

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
  const shown = shortPath(file, context.cwd);
  const { loaded, warnings } = await recipes.loadRecipe({ file, shown, overrides: input.list('set') });
  for (const { message, path: key } of warnings) {
    context.stderr.line(`${context.stderr.paint('yellow', 'warning:')} ${message} (${key})`);
  }
  return loaded;
}

/** The path from the current folder if the file lies in it, otherwise the whole. */
export function shortPath(file: string, cwd: string): string {
  const relative = path.relative(cwd, file);
  return relative === '' || relative.startsWith('..') || path.isAbsolute(relative) ? file : relative;
}
