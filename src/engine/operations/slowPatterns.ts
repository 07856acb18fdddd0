import { Failure } from '../../failure/failure';
import { parseRecipe } from '../../recipe/parse';
import type { BaseModel } from '../facts/baseModel';
import { modelFacts } from '../facts/modelFacts';
import { patternFacts } from '../facts/patternFacts';

/**
 * Tries the recipe's regular expressions where that can be stopped, before they are used where it cannot.
 * @throws Failure `pattern-too-slow`
 */
export function refuseSlowPatterns(text: string, base: BaseModel): void {
  const model = modelFacts(base);
  const patterns = patternFacts(parseRecipe(text).draft, model);
  const slow = parseRecipe(text, { patterns }).problems.find(({ code }) => code === 'pattern-too-slow');
  if (slow !== undefined) throw new Failure(slow.code, slow.message, { place: { path: slow.path } });
}
