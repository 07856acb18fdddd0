import { Failure, type Place } from '../failure/failure';
import type { Problem } from '../recipe/problem';

/** Wrong usage of the command line: exit code 2. */
export function wrongUsage(message: string, hint?: string): Failure {
  return new Failure('wrong-usage', message, { exitCode: 2, ...(hint === undefined ? {} : { hint }) });
}

export function commandNotBuilt(name: string, purpose: string): Failure {
  return new Failure('not-built-yet', `\`lora ${name}\` is not built yet: it will ${purpose}.`, { exitCode: 2 });
}

export function recipeMissing(file: string): Failure {
  return new Failure('recipe-not-found', 'There is no such recipe file.', {
    hint: 'Make one with `lora init`.',
    place: { file },
  });
}

export function recipeUnreadable(file: string, cause: unknown): Failure {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new Failure('recipe-unreadable', `The recipe cannot be read: ${reason}.`, { place: { file }, cause });
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

export function fileExists(file: string): Failure {
  return new Failure('file-exists', 'This file is already there and stays as it is.', {
    hint: 'Choose another name.',
    place: { file },
  });
}

export function folderMissing(folder: string): Failure {
  return new Failure('folder-not-found', 'There is no such folder.', { place: { file: folder } });
}
