import { applyEdits } from './fixEdits';
import type { Problem, ProblemFix, TextEdit } from './problem';

export interface FixedText {
  readonly text: string;
  readonly applied: readonly { readonly problem: Problem; readonly fix: ProblemFix }[];
}

/**
 * Applies every preferred fix that does not touch what an earlier one changes. What is left, and what shows only then,
 * takes another round: check the new text and call this again.
 */
export function applyPreferredFixes(text: string, problems: readonly Problem[]): FixedText {
  const edits: TextEdit[] = [];
  const applied: FixedText['applied'][number][] = [];
  for (const problem of problems) {
    const fix = problem.fixes?.find(({ isPreferred }) => isPreferred);
    if (fix === undefined || fix.edits.some((edit) => edits.some((other) => touch(edit, other)))) continue;
    edits.push(...fix.edits);
    applied.push({ problem, fix });
  }
  return { text: applyEdits(text, edits), applied };
}

/** Overlapping or side by side: two insertions at one place could be of the same key. */
function touch({ range: a }: TextEdit, { range: b }: TextEdit): boolean {
  return !isBefore(a.end, b.start) && !isBefore(b.end, a.start);
}

function isBefore(a: TextEdit['range']['start'], b: TextEdit['range']['start']): boolean {
  return a.line < b.line || (a.line === b.line && a.character < b.character);
}
