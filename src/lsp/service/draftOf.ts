import type { RecipeDraft } from '../../recipe/draft';
import { recipeDefaults } from '../../recipe/recipe.generated';
import { recipeSchema } from '../../recipe/schema';
import { SchemaValidator } from '../../recipe/validate';
import type { RecipeDocument } from './recipeDocument';

/** What the recipe says so far: the parts that the schema approves of. */
export function draftOf({ recipe, root }: RecipeDocument): RecipeDraft {
  if (root === undefined) return {};
  return (new SchemaValidator(recipe).validate(root, recipeSchema, []) ?? {}) as RecipeDraft;
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
