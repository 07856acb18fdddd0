import { gatherFacts } from '../../src/engine/facts/gatherFacts';
import { checkRecipe } from '../../src/engine/operations/checkRecipe';
import type { Facts } from '../../src/recipe/facts';
import { checkDraft } from '../../src/recipe/parse';
import type { Problem } from '../../src/recipe/problem';
import type { CorpusRecipe } from './corpusRecipe';

export type CheckedProblem = Problem & { readonly file: string };

/** Everything that is found in a recipe: on this machine, or on one with other facts. */
export async function check(recipe: CorpusRecipe, file: string): Promise<readonly CheckedProblem[]> {
  const { text, facts } = recipe;
  if (facts === undefined) return (await checkRecipe(file)).problems;
  const real = await gatherFacts({ text, file });
  return checkDraft(text, changed(real, facts)).map((problem) => ({ ...problem, file: problem.file ?? file }));
}

/** Facts of which some are replaced, also within their parts. */
function changed(real: Facts, changes: Facts): Facts {
  const known = real as Readonly<Record<string, object>>;
  const parts: Record<string, object> = {};
  for (const [name, part] of Object.entries(changes as Readonly<Record<string, object>>)) {
    parts[name] = { ...known[name], ...part };
  }
  return { ...real, ...parts };
}
