import type { RecipeDraft } from './draft';
import { isUnread, type FactName, type Facts, type KnownFacts } from './facts';
import type { Fix } from './fix';
import type { Severity } from './problem';
import type { JsonPath } from './schema';

/** Where a check found something; `within` narrows the range to a part of a text value. */
export interface Finding {
  /** Also of a finding in another file: the key that names the file. */
  readonly path: JsonPath;
  readonly message: string;
  /** Offset in the decoded text of the value, or of the key when `isKey`. */
  readonly within?: number;
  /** The range is the last key of `path`, not its value. */
  readonly isKey?: boolean;
  readonly fixes?: readonly Fix[];
  /** The finding lies in another file; without a line it is about the whole of it and shown at `path`. */
  readonly place?: { readonly file: string; readonly line?: number };
}

/**
 * S: from the recipe's text, the model's header and the first rows, at every keystroke. T: needs tokens. D: found by a
 * dry run before training. P: proved after it.
 */
export type CheckKind = 'S' | 'T' | 'D' | 'P';

/** A rule beyond the schema. */
export interface RecipeCheck {
  /** Stable; also the name of its page, `docs/checks/<code>.md`. */
  readonly code: string;
  readonly severity: Severity;
  readonly kind: CheckKind;
  /** One line that says what is found. */
  readonly title: string;
  /** The facts without which it finds nothing. */
  readonly needs: readonly FactName[];
  readonly run: (draft: RecipeDraft, facts: Facts) => readonly Finding[];
}

interface CheckDetails<Needed extends FactName> {
  readonly code: string;
  readonly severity: Severity;
  readonly kind?: CheckKind;
  readonly title: string;
  readonly needs?: readonly Needed[];
  readonly run: (draft: RecipeDraft, facts: Pick<KnownFacts, Needed>) => readonly Finding[];
}

/** An entry of the table: `run` is only called with the facts that it needs. */
export function check<Needed extends FactName = never>(details: CheckDetails<Needed>): RecipeCheck {
  const { kind = 'S', needs = [], run } = details;
  return {
    ...details,
    kind,
    needs,
    run: (draft, facts) =>
      needs.every((name) => isKnown(facts, name)) ? run(draft, facts as Pick<KnownFacts, Needed>) : [],
  };
}

function isKnown(facts: Facts, name: FactName): boolean {
  const part = facts[name];
  return part !== undefined && !isUnread(part);
}
