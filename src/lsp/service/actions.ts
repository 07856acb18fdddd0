import {
  CodeActionKind,
  DiagnosticSeverity,
  type CodeAction,
  type Diagnostic,
  type Range,
  type TextEdit,
} from 'vscode-languageserver-types';
import type { Problem, Severity } from '../../recipe/problem';
import type { RecipeDocument } from './recipeDocument';

const severities: Readonly<Record<Severity, DiagnosticSeverity>> = {
  error: DiagnosticSeverity.Error,
  warning: DiagnosticSeverity.Warning,
  info: DiagnosticSeverity.Information,
};

/** Where pages about codes are, and how files are named: the server's business. */
export interface Addresses {
  /** The page that explains a code; undefined where there is none. */
  readonly page: (code: string) => string | undefined;
  /** The uri of an absolute path. */
  readonly uri: (file: string) => string;
}

/** A problem as editors show it. */
export function diagnosticOf(problem: Problem, document: RecipeDocument, addresses: Addresses): Diagnostic {
  const { code, severity, message, range, related = [] } = problem;
  const page = addresses.page(code);
  const places = related.map(({ message: text, file, range: place }) => ({
    message: text,
    location: { uri: file === undefined ? document.uri : addresses.uri(file), range: place },
  }));
  return {
    range,
    severity: severities[severity],
    code,
    source: 'lora',
    message,
    ...(page === undefined ? {} : { codeDescription: { href: page } }),
    ...(places.length === 0 ? {} : { relatedInformation: places }),
  };
}

/**
 * Ways out of the problems that touch a range, and one for all that can be solved without asking.
 * @param only the kinds that are asked for, their parts included; undefined: all
 */
export function codeActions(
  document: RecipeDocument,
  range: Range,
  problems: readonly Problem[],
  addresses: Addresses,
  only?: readonly string[],
): CodeAction[] {
  const isWanted = ({ kind = '' }: CodeAction): boolean =>
    only === undefined || only.some((wanted) => kind === wanted || kind.startsWith(`${wanted}.`));
  const own = problems.filter(({ file }) => file === undefined);
  const quick = own
    .filter((problem) => touches(problem.range, range))
    .flatMap((problem) =>
      (problem.fixes ?? []).map(({ title, isPreferred, edits }): CodeAction => ({
        title,
        kind: CodeActionKind.QuickFix,
        isPreferred,
        diagnostics: [diagnosticOf(problem, document, addresses)],
        edit: { changes: { [document.uri]: [...edits] } },
      })),
    );
  return [...quick, ...fixAll(document, own, quick.length > 0)].filter(isWanted);
}

/**
 * `source.fixAll.lora`: every fix that is the only sensible one. Where a single problem is being fixed, and there are
 * others, it stands among its fixes too: that list shows no source actions.
 */
function fixAll(document: RecipeDocument, problems: readonly Problem[], isAtProblem: boolean): CodeAction[] {
  const { edits, count } = safeEdits(problems);
  if (count === 0) return [];
  const title =
    count === 1 ? 'Fix the problem that has one clear fix' : `Fix all ${count} problems that have one clear fix`;
  const edit = { changes: { [document.uri]: edits } };
  return [
    ...(isAtProblem && count > 1 ? [{ title, kind: CodeActionKind.QuickFix, edit }] : []),
    { title, kind: `${CodeActionKind.SourceFixAll}.lora`, edit },
  ];
}

/** Preferred fixes, as far as their edits do not get in each other's way: the rest is for another time. */
function safeEdits(problems: readonly Problem[]): { readonly edits: TextEdit[]; readonly count: number } {
  const edits: TextEdit[] = [];
  let count = 0;
  for (const { fixes = [] } of problems) {
    const fix = fixes.find(({ isPreferred }) => isPreferred);
    if (fix === undefined || fix.edits.some((edit) => edits.some((other) => touches(edit.range, other.range))))
      continue;
    edits.push(...fix.edits);
    count++;
  }
  return { edits, count };
}

function touches(a: Range, b: Range): boolean {
  const isBefore = (one: Range, other: Range): boolean =>
    one.end.line < other.start.line || (one.end.line === other.start.line && one.end.character < other.start.character);
  return !isBefore(a, b) && !isBefore(b, a);
}
