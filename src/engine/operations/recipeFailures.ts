import { Failure, type Place } from '../../failure/failure';
import type { Problem } from '../../recipe/problem';
import { whyUnreadable } from '../formats/failures';

export function recipeMissing(file: string): Failure {
  return new Failure('recipe-not-found', 'There is no such recipe file.', {
    hint: 'Make one with `lora init`.',
    place: { file },
  });
}

export function recipeUnreadable(file: string, cause: unknown): Failure {
  return new Failure('recipe-unreadable', `The recipe cannot be read: ${whyUnreadable(cause)}.`, {
    hint: 'Give the recipe file itself, such as my.lora.json.',
    place: { file },
    cause,
  });
}

/** `--set` with something that is no key of recipes, or no value of it. */
export function wrongOverride(problem: Problem): Failure {
  return new Failure('wrong-usage', `--set: ${problem.message}`, {
    hint: 'An example: --set training.max_steps=10. The key is written with dots, the value as in the recipe.',
    exitCode: 2,
  });
}

/** The first error of a recipe, when it is about to be used; `others` counts the further ones. */
export function recipeProblem(file: string, problem: Problem, others: number, hasOverrides: boolean): Failure {
  // With --set the text that was checked is not the one in the file: its lines would mislead.
  const line = hasOverrides ? {} : { line: problem.range.start.line + 1 };
  const place: Place = { file, ...line, ...(problem.path === '' ? {} : { path: problem.path }) };
  const more = others === 1 ? 'one more error' : `${others} more errors`;
  const hint = others === 0 ? {} : { hint: `The recipe has ${more}: \`lora check\` lists them all.` };
  return new Failure(problem.code, problem.message, { place, ...hint });
}
