import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { CheckedFile, FileProblem } from '../../run/answers';
import { Failure } from '../../failure/failure';
import type { Facts } from '../../recipe/facts';
import { hasErrors, lineRange, type Problem } from '../../recipe/problem';
import { parseRecipe } from '../../recipe/parse';
import { rangeOfPath } from '../../recipe/rangeOfPath';
import { resolveRecipe } from '../../recipe/resolve';
import { gatherFacts } from '../facts/gatherFacts';
import { fileUnreadable } from '../formats/failures';
import { planPrepared } from './planRecipe';
import { closePrepared, prepare } from './prepare';
import type { Prepared } from './prepare';
import { costFacts } from './preflight';
import { checkOutput } from './writeResult';

/** Everything that is wrong or doubtful in a recipe, its model, its data and its places. Never throws for them. */
export async function checkRecipe(file: string, signal?: AbortSignal): Promise<CheckedFile> {
  const absolute = path.resolve(file);
  const text = await readFile(absolute, 'utf8').catch((error: unknown) => {
    throw fileUnreadable(absolute, error);
  });
  const facts = await gatherFacts({ text, file: absolute, signal });
  const problems = await problemsOf(text, absolute, facts);
  return { file: absolute, problems: problems.map((problem) => ({ ...problem, file: problem.file ?? absolute })) };
}

/** The table's problems; where it finds no error, also what only shows when everything is opened as for training. */
async function problemsOf(text: string, file: string, facts: Facts): Promise<readonly Problem[]> {
  const { recipe, problems } = parseRecipe(text, facts);
  if (recipe === undefined || hasErrors(problems)) return problems;
  const resolved = resolveRecipe(recipe, { recipeFile: file });
  try {
    const prepared = await prepare({ file, text, recipe: resolved });
    try {
      const plan = await planPrepared(prepared);
      await checkPlaces(prepared, file);
      return parseRecipe(text, { ...facts, cost: costFacts(plan) }).problems;
    } finally {
      await closePrepared(prepared);
    }
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return [...problems, problemOf(error, file, text)];
  }
}

async function checkPlaces(prepared: Prepared, file: string): Promise<void> {
  try {
    await checkOutput(prepared, path.resolve(path.dirname(file), prepared.loaded.recipe.output));
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    const { code, message, hint, place } = error;
    throw new Failure(code, message, {
      ...(hint === undefined ? {} : { hint }),
      place: { ...place, path: 'output' },
      cause: error,
    });
  }
}

/** A failure of the engine as a problem: in the recipe at the key it names, or in the file it names. */
function problemOf(failure: Failure, recipeFile: string, text: string): FileProblem {
  const place = failure.place ?? {};
  const inOtherFile = place.path === undefined && place.file !== undefined && place.line !== undefined;
  const message = failure.hint === undefined ? failure.message : `${failure.message} ${failure.hint}`;
  return {
    file: inOtherFile ? place.file : recipeFile,
    code: failure.code,
    severity: 'error',
    message,
    path: place.path ?? '',
    range: inOtherFile ? lineRange(place.line) : rangeOfPath(text, place.path ?? ''),
  };
}
