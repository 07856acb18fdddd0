import type { RecipeDraft } from '../../recipe/draft';
import { recipeDefaults } from '../../recipe/recipe.generated';
import { recipeSchema } from '../../recipe/schema';
import { SchemaValidator } from '../../recipe/validate';
import type { RecipeDocument } from './recipeDocument';

const drafts = new WeakMap<RecipeDocument, RecipeDraft>();

/** What the recipe says so far: the parts that the schema approves of. Worked out once for each text. */
export function draftOf(document: RecipeDocument): RecipeDraft {
  const { recipe, root } = document;
  if (root === undefined) return {};
  const known = drafts.get(document);
  if (known !== undefined) return known;
  const draft = (new SchemaValidator(recipe).validate(root, recipeSchema, []) ?? {}) as RecipeDraft;
  drafts.set(document, draft);
  return draft;
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
