import type { Failure } from '../../../failure/failure';
import { rangeOfPath } from '../../../recipe/rangeOfPath';
import type { ShownProblem } from '../../../run/previewProtocol';

/** Where a failure has its cause. */
export interface FilePlace {
  readonly file: string;
  /** 1-based; null where only the file is known. */
  readonly line: number | null;
}

/**
 * The line to open for a failure: that of the file it names, else that of the recipe's key it is about. What is wrong
 * with a file as a whole is put right in the recipe, which names it.
 */
export function placeOf({ code, place }: Failure, recipe: { readonly file: string; readonly text: string }): FilePlace {
  if (place?.file !== undefined && place.line !== undefined) return { file: place.file, line: place.line };
  const path = place?.path ?? (code.startsWith('dataset-') ? 'dataset.path' : 'base_model');
  return { file: recipe.file, line: rangeOfPath(recipe.text, path).start.line + 1 };
}

/** `data.jsonl:12` */
export function placeLabel({ file, line }: FilePlace): string {
  const name = file.split(/[\\/]/).at(-1)!;
  return line === null ? name : `${name}:${line}`;
}

/** What went wrong in one sentence, and the next step. An engine that crashed has one too. */
export function shownProblem(error: unknown, place: string | null): ShownProblem {
  if (!(error instanceof Error)) return { message: String(error), hint: null, place };
  const hint = 'hint' in error && typeof error.hint === 'string' ? error.hint : null;
  return { message: error.message, hint, place };
}
