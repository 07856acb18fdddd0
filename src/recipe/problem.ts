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

/** One thing that is wrong or doubtful in a recipe. */
export interface Problem {
  /** Stable, kebab-case, such as `unknown-key`. */
  readonly code: string;
  readonly severity: Severity;
  /** What is wrong and what to do, for a person who never fine-tuned. */
  readonly message: string;
  /** Dotted path of the key or value, such as `lora.target_modules[1]`; empty for the whole recipe. */
  readonly path: string;
  readonly range: TextRange;
}

/** Whether any of the problems stops the run. */
export function hasErrors(problems: readonly Problem[]): boolean {
  return problems.some((problem) => problem.severity === 'error');
}
