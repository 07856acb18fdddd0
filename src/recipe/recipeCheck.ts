import type { RecipeDraft } from './draft';
import type { Severity } from './problem';

/** Where a check found something; `within` narrows the range to a part of a text value. */
export interface Finding {
  readonly path: readonly (string | number)[];
  readonly message: string;
  /** Offset in the decoded text of the value, or of the key when `isKey`. */
  readonly within?: number;
  /** The range is the last key of `path`, not its value. */
  readonly isKey?: boolean;
}

/** A rule that needs nothing but the recipe's own text. */
export interface RecipeCheck {
  readonly code: string;
  readonly severity: Severity;
  readonly run: (draft: RecipeDraft) => readonly Finding[];
}
