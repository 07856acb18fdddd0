import type { ExitCode, Failure } from '../../failure/failure';
import { parseRecipe } from '../../recipe/parse';
import { rangeOfPath } from '../../recipe/rangeOfPath';
import type { Position } from '../../recipe/problem';
import type { JobEnd } from '../runs/job';

/** What the problem matcher `$lora` reads: `file:line:column: error CODE: message`, counted from 1. */
export function problemLine(file: string, at: Position, code: string, message: string): string {
  return `${file}:${at.line + 1}:${at.character + 1}: error ${code}: ${message.replace(/\s*[\r\n]+\s*/g, ' ')}`;
}

/**
 * What went wrong in a run of `recipeFile`, a line for each place. A recipe with several errors stops at the first;
 * here all of them are told. `recipeText` is undefined where the recipe could not be read.
 */
export function problemLines(end: JobEnd, recipeFile: string, recipeText: string | undefined): readonly string[] {
  const start = { line: 0, character: 0 };
  switch (end.kind) {
    case 'finished':
    case 'cancelled':
      return [];
    case 'failed':
      return failureLines(end.failure, recipeFile, recipeText);
    case 'crashed':
      return [problemLine(recipeFile, start, 'engine-ended', `${end.crash.message} ${end.crash.hint}`)];
    case 'broken':
      return [problemLine(recipeFile, start, 'internal-error', String(end.error))];
  }
}

function failureLines(failure: Failure, recipeFile: string, text: string | undefined): readonly string[] {
  const { place, code, message, hint } = failure;
  const file = place?.file ?? recipeFile;
  const isOfRecipe = file === recipeFile && text !== undefined;
  const errors = isOfRecipe ? parseRecipe(text).problems.filter(({ severity }) => severity === 'error') : [];
  const lines = errors.map((error) => problemLine(file, error.range.start, error.code, error.message));
  if (errors.some((error) => error.code === code)) return lines;
  const at =
    isOfRecipe && place?.path !== undefined
      ? rangeOfPath(text, place.path).start
      : { line: Math.max(0, (place?.line ?? 1) - 1), character: 0 };
  return [problemLine(file, at, code, hint === undefined ? message : `${message} ${hint}`), ...lines];
}

/** As the `lora` command: 0 done · 1 the recipe, data or model is wrong · 3 the run failed · 130 stopped. */
export function exitCodeOf(end: JobEnd): 0 | ExitCode {
  if (end.kind === 'finished') return 0;
  if (end.kind === 'cancelled') return 130;
  return end.kind === 'failed' ? end.failure.exitCode : 3;
}
