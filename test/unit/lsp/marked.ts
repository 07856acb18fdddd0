import type { Position } from 'vscode-languageserver-types';
import { openRecipe, type RecipeDocument } from '../../../src/lsp/service/recipeDocument';

/** A recipe with `‸` where the cursor stands. */
export function marked(text: string, file = '/work/recipes/mine.lora.json'): { document: RecipeDocument; position: Position } {
  const offset = text.indexOf('‸');
  if (offset < 0) throw new Error('There is no ‸ in the text');
  const document = openRecipe(`file://${file}`, file, text.replace('‸', ''));
  return { document, position: document.recipe.index.position(offset) };
}
