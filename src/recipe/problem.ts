/** A place between two characters of the recipe's text. 0-based, UTF-16 units, as in the Language Server Protocol. */
export interface Position {
  readonly line: number;
  readonly character: number;
}

/** From `start` up to, but not including, `end`. */
export interface TextRange {
  readonly start: Position;
  readonly end: Position;
}

/** An error stops the run, a warning does not, an info only explains. */
export type Severity = 'error' | 'warning' | 'info';

/** One thing that is wrong or doubtful in a recipe, or in a file that it names. */
export interface Problem {
  /** Stable, kebab-case, such as `unknown-key`. */
  readonly code: string;
  readonly severity: Severity;
  /** What is wrong and what to do, for a person who never fine-tuned. */
  readonly message: string;
  /** Dotted path of the key or value, such as `lora.target_modules[1]`; empty for the whole recipe. */
  readonly path: string;
  readonly range: TextRange;
  /** Absolute path of the file that `range` is in; missing: the recipe. */
  readonly file?: string;
  /** Ways to make it go away, the best first. */
  readonly fixes?: readonly ProblemFix[];
  /** Other places that have to do with it. */
  readonly related?: readonly RelatedPlace[];
}

/** A change of the recipe's text that solves a problem. */
export interface ProblemFix {
  /** An imperative: `Delete "warmup_steps"`. */
  readonly title: string;
  /** Safe to apply without asking, and one of a kind. */
  readonly isPreferred: boolean;
  /** In ascending order, without overlap. */
  readonly edits: readonly TextEdit[];
}

/** Replaces `range` by `newText`. */
export interface TextEdit {
  readonly range: TextRange;
  readonly newText: string;
}

export interface RelatedPlace {
  readonly message: string;
  /** Absolute path; missing: the recipe. */
  readonly file?: string;
  readonly range: TextRange;
}

/** Whether any of the problems stops the run. */
export function hasErrors(problems: readonly Problem[]): boolean {
  return problems.some((problem) => problem.severity === 'error');
}

/** A whole line of a file, counted from 1. */
export function lineRange(line: number): TextRange {
  return { start: { line: line - 1, character: 0 }, end: { line: line - 1, character: Number.MAX_SAFE_INTEGER } };
}
