import type { RecipeDraft } from '../../recipe/draft';
import { readRecipe, type ReadRecipe } from '../../recipe/parse';
import { recipeDefaults } from '../../recipe/recipe.generated';
import type { RecipeDocument } from './recipeDocument';

const known = new WeakMap<RecipeDocument, ReadRecipe>();

/** The recipe against the schema, worked out once for each text. */
export function readOf(document: RecipeDocument): ReadRecipe {
  const read = known.get(document) ?? readRecipe(document.recipe);
  known.set(document, read);
  return read;
}

/** What the recipe says so far: the parts that the schema approves of. */
export function draftOf(document: RecipeDocument): RecipeDraft {
  return readOf(document).draft;
}

/** The rank that holds where no `rank_pattern` says otherwise. */
export function rankOf({ lora }: RecipeDraft): number {
  return lora?.r ?? recipeDefaults.lora.r;
}

/** `lora_alpha / r`, with rsLoRA `lora_alpha / sqrt(r)`: what the adapter's output is multiplied by. */
export function scaleOf(draft: RecipeDraft): number {
  const r = rankOf(draft);
  const alpha = draft.lora?.lora_alpha ?? recipeDefaults.lora.lora_alpha;
  return alpha / (draft.lora?.use_rslora === true ? Math.sqrt(r) : r);
}
