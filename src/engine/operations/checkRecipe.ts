import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { CheckedFile, FileProblem } from '../../run/answers';
import { Failure } from '../../failure/failure';
import type { TextRange } from '../../recipe/problem';
import { hasErrors } from '../../recipe/problem';
import { parseRecipe } from '../../recipe/parse';
import { rangeOfPath } from '../../recipe/rangeOfPath';
import { resolveRecipe } from '../../recipe/resolve';
import { fileUnreadable } from '../formats/failures';
import { checkExamples, closePrepared, prepare } from './prepare';
import { checkOutput } from './writeResult';

/** Problems of a recipe, and where it has no errors of its own those of its model and data. Never throws for them. */
export async function checkRecipe(file: string): Promise<CheckedFile> {
  const absolute = path.resolve(file);
  const text = await readFile(absolute, 'utf8').catch((error: unknown) => {
    throw fileUnreadable(absolute, error);
  });
  const { recipe, problems } = parseRecipe(text);
  const found: FileProblem[] = problems.map((problem) => ({ file: absolute, ...problem }));
  if (recipe !== undefined && !hasErrors(problems)) {
    const resolved = resolveRecipe(recipe, { recipeFile: absolute });
    try {
      const prepared = await prepare({ file: absolute, text, recipe: resolved });
      try {
        await checkExamples(prepared);
        await prepared.train.statistics();
        await checkOutput(prepared, path.resolve(path.dirname(absolute), resolved.output));
      } finally {
        await closePrepared(prepared);
      }
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      found.push(problemOf(error, absolute, text));
    }
  }
  return { file: absolute, problems: found };
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

function lineRange(line: number): TextRange {
  return { start: { line: line - 1, character: 0 }, end: { line: line - 1, character: Number.MAX_SAFE_INTEGER } };
}
