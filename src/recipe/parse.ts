import type { Node } from 'jsonc-parser';
import { recipeChecks } from './checks';
import { isRecipe, type RecipeDraft } from './draft';
import { factFailures } from './factFailures';
import type { Facts } from './facts';
import { fixEdits } from './fixEdits';
import { lineRange, type Position, type Problem, type Severity, type TextRange } from './problem';
import type { Recipe } from './recipe.generated';
import type { Finding } from './recipeCheck';
import { dottedPath, recipeSchema } from './schema';
import { exactNode, membersOf, nodeAt, parseText, type RecipeText } from './syntax';
import { SchemaValidator } from './validate';

export interface ParsedRecipe {
  /**
   * The recipe as written, without what is wrong in it; undefined when `base_model` or `dataset.path` is missing.
   * Only a recipe without errors (`hasErrors(problems)`) may be trained.
   */
  readonly recipe: Recipe | undefined;
  /** The valid part of the recipe, whatever is missing. */
  readonly draft: RecipeDraft;
  /** In the order of the text; what lies in other files comes last. */
  readonly problems: readonly Problem[];
}

/** Everything that is wrong or doubtful in a recipe's text and in what is known of the world around it. Never throws. */
export function checkDraft(text: string, facts: Facts): readonly Problem[] {
  return parseRecipe(text, facts).problems;
}

/** Reads a recipe and runs every check for which the facts are there; without any those of the text alone. Never throws. */
export function parseRecipe(text: string, facts: Facts = {}): ParsedRecipe {
  return checkRead(readRecipe(parseText(text)), facts);
}

/** A recipe against the schema: the same for as long as its text is. */
export interface ReadRecipe {
  readonly text: RecipeText;
  /** What the schema approves of. */
  readonly draft: RecipeDraft;
  /** What the schema says of all else. */
  readonly problems: readonly Problem[];
}

export function readRecipe(text: RecipeText): ReadRecipe {
  if (text.root === undefined) return { text, draft: {}, problems: [] };
  const validator = new SchemaValidator(text);
  const draft = (validator.validate(text.root, recipeSchema, []) ?? {}) as RecipeDraft;
  return { text, draft, problems: validator.problems };
}

/** The same as `parseRecipe` for a recipe that has been read already. */
export function checkRead(
  { text: recipeText, draft, problems: schemaProblems }: ReadRecipe,
  facts: Facts,
): ParsedRecipe {
  const { root, index, text, problems: syntaxProblems } = recipeText;
  if (root === undefined) {
    const message = 'The recipe is empty. It needs at least { "base_model": "…", "dataset": { "path": "…" } }.';
    const range = index.range(0, text.length);
    const empty: Problem = { code: 'missing-key', severity: 'error', message, path: '', range };
    return { recipe: undefined, draft, problems: syntaxProblems.length > 0 ? syntaxProblems : [empty] };
  }
  const found = [
    ...findingsOf(draft, facts),
    ...factFailures(draft, facts).map((finding) => ({ ...finding, severity: 'error' as const })),
  ];
  const problemsFound = withoutFollowers(found).map((finding) => problemOf(finding, recipeText, root));
  const readable = [...schemaProblems, ...problemsFound].filter((problem) => !mayBeMisread(problem, syntaxProblems));
  const problems = [...syntaxProblems, ...readable];
  return { recipe: isRecipe(draft) ? draft : undefined, draft, problems: problems.sort(byPlace) };
}

/** After a syntax error keys may be missing, and values wrong, only because they could not be read. */
function mayBeMisread({ code, file, range }: Problem, syntaxProblems: readonly Problem[]): boolean {
  if (syntaxProblems.length === 0 || file !== undefined) return false;
  return code === 'missing-key' || syntaxProblems.some((syntax) => touches(range, syntax.range));
}

function touches(a: TextRange, b: TextRange): boolean {
  return !isBefore(a.end, b.start) && !isBefore(b.end, a.start);
}

function isBefore(a: Position, b: Position): boolean {
  return a.line < b.line || (a.line === b.line && a.character < b.character);
}

interface CodedFinding extends Finding {
  readonly code: string;
  readonly severity: Severity;
}

function findingsOf(draft: RecipeDraft, facts: Facts): readonly CodedFinding[] {
  return recipeChecks.flatMap(({ code, severity, run }) =>
    run(draft, facts).map((finding) => ({ ...finding, code, severity })),
  );
}

/** Of a value that is not built yet, and of a role that is none, nothing else needs to be said. */
const saysAll: ReadonlySet<string> = new Set(['not-built-yet', 'column-without-effect']);

function withoutFollowers(findings: readonly CodedFinding[]): readonly CodedFinding[] {
  const refused = new Set(findings.flatMap(({ code, path }) => (saysAll.has(code) ? [dottedPath(path)] : [])));
  return findings.filter(({ code, path }) => saysAll.has(code) || !refused.has(dottedPath(path)));
}

function byPlace(a: Problem, b: Problem): number {
  if (a.file !== b.file) return a.file === undefined ? -1 : b.file === undefined ? 1 : a.file < b.file ? -1 : 1;
  return a.range.start.line - b.range.start.line || a.range.start.character - b.range.start.character;
}

function problemOf(finding: CodedFinding, recipe: RecipeText, root: Node): Problem {
  const { code, severity, path, message, place, fixes = [] } = finding;
  const range = finding.isKey === true ? keyRange(finding, recipe, root) : valueRange(finding, recipe, root);
  const edits = fixes.flatMap((fix) => fixEdits(recipe.text, fix) ?? []);
  const solved = edits.length === 0 ? {} : { fixes: edits };
  const { file, line } = place ?? {};
  if (file === undefined || line === undefined)
    return { code, severity, message, path: dottedPath(path), range, ...solved };
  const related = [{ message: `The recipe names this file in \`${dottedPath(path)}\`.`, range }];
  return { code, severity, message, path: '', range: lineRange(line), file, related, ...solved };
}

function keyRange({ path, within }: Finding, recipe: RecipeText, root: Node): TextRange {
  const parent = nodeAt(root, path.slice(0, -1));
  const node = membersOf(parent).findLast((member) => member.key === path.at(-1))?.keyNode ?? parent;
  return rangeOf(node, within, recipe);
}

/** The value; where it is not written the key of what it would stand in, as a whole object would drown all else. */
function valueRange({ path, within }: Finding, recipe: RecipeText, root: Node): TextRange {
  const node = nodeAt(root, path);
  if (exactNode(root, path) !== undefined || node.type !== 'object') return rangeOf(node, within, recipe);
  const key = node.parent?.type === 'property' ? node.parent.children?.[0] : undefined;
  return key === undefined ? recipe.index.range(node.offset, 1) : recipe.index.range(key.offset, key.length);
}

/** From the `within`th character of a text to its end; without `within`, or in anything but a text, the whole node. */
function rangeOf(node: Node, within: number | undefined, { text, index }: RecipeText): TextRange {
  if (within === undefined || node.type !== 'string') return index.range(node.offset, node.length);
  let at = node.offset + 1;
  for (let decoded = 0; decoded < within; decoded++) {
    at += /^\\u[0-9a-fA-F]{4}/.test(text.slice(at, at + 6)) ? 6 : text[at] === '\\' ? 2 : 1;
  }
  const end = node.offset + node.length - 1;
  return at >= end ? index.range(node.offset, node.length) : index.range(at, end - at);
}
