import type { ResolvedRecipe } from './recipe.generated';

/** A recipe that passed its own checks, ready for the engine. */
export interface LoadedRecipe {
  /** Absolute path of the recipe file; relative paths in the recipe start at its folder. */
  readonly file: string;
  /** The recipe's text after `--set` was applied; runs store it. */
  readonly text: string;
  readonly recipe: ResolvedRecipe;
}
