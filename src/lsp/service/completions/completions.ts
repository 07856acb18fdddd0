import type { CompletionItem, Position } from 'vscode-languageserver-types';
import { hasFreeKeys } from '../../../recipe/schema';
import { cursorAt } from '../cursor';
import type { Sources } from '../knowledge';
import type { RecipeDocument } from '../recipeDocument';
import { keySuggestions } from './keys';
import { recipeSnippets } from './snippets';
import { completionItems } from './suggestion';
import { patternKeySuggestions, valueSuggestions } from './values';

/** What could be written at the cursor, the likeliest first. */
export async function completionsAt(
  document: RecipeDocument,
  position: Position,
  sources: Sources,
): Promise<CompletionItem[]> {
  const cursor = cursorAt(document, document.offset(position));
  if (cursor.kind === 'comment') return [];
  if (document.root === undefined) return completionItems(document, cursor, await recipeSnippets(document, sources));
  if (cursor.kind === 'value') {
    return completionItems(document, cursor, await valueSuggestions(document, cursor, sources));
  }
  const isFree = cursor.schema !== undefined && hasFreeKeys(cursor.schema);
  const suggestions = isFree ? await patternKeySuggestions(document, cursor, sources) : keySuggestions(cursor);
  return completionItems(document, cursor, suggestions);
}
