/** Where in the user's files a failure has its cause. */
export interface Place {
  readonly file?: string;
  /** 1-based line in `file`. */
  readonly line?: number;
  /** Dotted path inside the recipe or JSON file, such as `lora.target_modules[1]`. */
  readonly path?: string;
}

/**
 * The exit codes of the `lora` command:
 * 1 the recipe, data or model is wrong · 2 wrong usage · 3 the run failed · 130 stopped by the user.
 */
export type ExitCode = 1 | 2 | 3 | 130;

/**
 * An expected failure: a stable code, one clear sentence for the user, and the next step.
 *
 * Rooms make these through factories (`formats/failures.ts`, …), so that every code is written once;
 * only the edges (command line, engine process, extension) catch them. Any other `Error` is a bug.
 */
export class Failure extends Error {
  override readonly name = 'Failure';
  readonly code: string;
  readonly hint: string | undefined;
  readonly place: Place | undefined;
  readonly exitCode: ExitCode;

  constructor(
    code: string,
    message: string,
    details: { hint?: string; place?: Place; exitCode?: ExitCode; cause?: unknown } = {},
  ) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.hint = details.hint;
    this.place = details.place;
    this.exitCode = details.exitCode ?? 1;
  }
}

/** `data/train.jsonl:12`, `recipe.lora.json (lora.r)` or an empty string. */
export function describePlace(place: Place | undefined): string {
  if (place === undefined) return '';
  const file = place.file ?? '';
  const line = place.line === undefined ? '' : `:${place.line}`;
  const path = place.path === undefined ? '' : file === '' ? place.path : ` (${place.path})`;
  return `${file}${line}${path}`;
}
