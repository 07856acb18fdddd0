import { whyUnreadable } from '../engine/formats/failures';
import { Failure } from '../failure/failure';
import type { SourceProblem } from '../recipe/convert/conversion';

/** Wrong usage of the command line: exit code 2. */
export function wrongUsage(message: string, hint?: string): Failure {
  return new Failure('wrong-usage', message, { exitCode: 2, ...(hint === undefined ? {} : { hint }) });
}

/** `unknown`: the engine's failure about a dataset whose columns have names of their own. */
export function columnsNeeded(unknown: Failure): Failure {
  return new Failure('dataset-format-unknown', unknown.message, {
    hint:
      'Say which column is which: --prompt-column NAME and --completion-column NAME, or --text-column NAME where one ' +
      'column is all of the text.',
    ...(unknown.place === undefined ? {} : { place: unknown.place }),
  });
}

export function fileExists(file: string): Failure {
  return new Failure('file-exists', 'This file is already there and stays as it is.', {
    hint: 'Choose another name.',
    place: { file },
  });
}

export function settingsUnreadable(file: string, cause: unknown): Failure {
  return new Failure('settings-unreadable', `The settings to convert cannot be read: ${whyUnreadable(cause)}.`, {
    hint: 'Check the path; it starts at the current folder.',
    place: { file },
    cause,
  });
}

export function notConvertible(file: string, problem: SourceProblem | undefined): Failure {
  return new Failure('not-convertible', problem?.message ?? 'This file holds no settings of a known tool.', {
    hint: 'docs/convert.md shows what can be converted; `lora init` without --from writes a new recipe.',
    place: { file, line: problem?.line ?? 1 },
  });
}

/** `why` is what is wrong with the file. */
export function apiKeyUnreadable(file: string, why: string, cause?: unknown): Failure {
  return new Failure('api-key-unreadable', `The file with the API key cannot be used: ${why}.`, {
    hint: 'Give a file with nothing but the key in it.',
    place: { file },
    exitCode: 2,
    cause,
  });
}

export function folderMissing(folder: string): Failure {
  return new Failure('folder-not-found', 'There is no such folder.', {
    hint: 'Check the path; without one the current folder is looked at.',
    place: { file: folder },
  });
}

export function folderUnreadable(folder: string, cause: unknown): Failure {
  return new Failure('folder-unreadable', `The folder cannot be read: ${whyUnreadable(cause)}.`, {
    hint: 'Give a folder that you may read.',
    place: { file: folder },
    cause,
  });
}
