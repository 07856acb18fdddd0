import { draftOf } from '../draftOf';
import type { Sources } from '../knowledge';
import type { RecipeDocument } from '../recipeDocument';
import type { Surroundings } from './meanings';

/** What is known of a recipe's model, data and costs at this moment. */
export async function surroundingsOf(document: RecipeDocument, sources: Sources): Promise<Surroundings> {
  const [facts, adapter, plan] = await Promise.all([
    sources.facts(document),
    sources.adapter(document),
    sources.plan(document),
  ]);
  const { model, data, tokens } = facts;
  return { draft: draftOf(document), model, data, tokens, adapter, plan };
}
