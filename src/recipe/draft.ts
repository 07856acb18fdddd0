import type { DatasetSection, EngineSection, LoraSection, Recipe, TrainingSection } from './recipe.generated';

/** The valid part of a recipe as written: nothing is sure to be there, defaults are not filled in. */
export interface RecipeDraft extends Partial<Omit<Recipe, 'lora' | 'dataset' | 'training' | 'engine'>> {
  readonly lora?: LoraSection;
  readonly dataset?: Partial<DatasetSection>;
  readonly training?: TrainingSection;
  readonly engine?: EngineSection;
}

/** Whether the draft has what no default can replace. */
export function isRecipe(draft: RecipeDraft): draft is Recipe {
  return draft.base_model !== undefined && draft.dataset?.path !== undefined;
}
