import type { Node } from 'jsonc-parser';
import { recipeChecks } from './checks';
import { isRecipe, type RecipeDraft } from './draft';
import type { Problem, Severity, TextRange } from './problem';
import type { Recipe } from './recipe.generated';
import type { Finding } from './recipeCheck';
import { dottedPath, recipeSchema } from './schema';
import { membersOf, nodeAt, parseText, type RecipeText } from './syntax';
import { SchemaValidator } from './validate';

export interface ParsedRecipe {
  /**
   * The recipe as written, without what is wrong in it; undefined when `base_model` or `dataset.path` is missing.
   * Only a recipe without errors (`hasErrors(problems)`) may be trained.
   */
  readonly recipe: Recipe | undefined;
  /** In the order of the text. */
  readonly problems: readonly Problem[];
}

/** Reads a recipe and runs every check that needs nothing but its text. Never throws. */
export function parseRecipe(text: string): ParsedRecipe {
  const recipeText = parseText(text);
  const { root, index } = recipeText;
  if (root === undefined) {
    const message = 'The recipe is empty. It needs at least { "base_model": "…", "dataset": { "path": "…" } }.';
    const range = index.range(0, text.length);
    const empty: Problem = { code: 'missing-key', severity: 'error', message, path: '', range };
    return { recipe: undefined, problems: recipeText.problems.length > 0 ? recipeText.problems : [empty] };
  }
  const validator = new SchemaValidator(recipeText);
  // Everything that the schema did not approve of is gone from the draft.
  const draft = (validator.validate(root, recipeSchema, []) ?? {}) as RecipeDraft;
  const found = recipeChecks.flatMap(({ code, severity, run }) =>
    run(draft).map((finding) => problemOf(finding, code, severity, recipeText, root)),
  );
  // After a syntax error half of the keys may be missing only because they could not be read.
  const missing = recipeText.problems.length > 0 ? 'missing-key' : undefined;
  const problems = [...recipeText.problems, ...validator.problems, ...found].filter(({ code }) => code !== missing);
  return { recipe: isRecipe(draft) ? draft : undefined, problems: problems.sort(byPlace) };
}

function byPlace({ range: { start: a } }: Problem, { range: { start: b } }: Problem): number {
  return a.line - b.line || a.character - b.character;
}

function problemOf(finding: Finding, code: string, severity: Severity, recipe: RecipeText, root: Node): Problem {
  const { path, message } = finding;
  const node = finding.isKey === true ? keyNodeAt(root, path) : nodeAt(root, path);
  return { code, severity, message, path: dottedPath(path), range: rangeOf(node, finding.within, recipe) };
}

function keyNodeAt(root: Node, path: readonly (string | number)[]): Node {
  const parent = nodeAt(root, path.slice(0, -1));
  return membersOf(parent).findLast((member) => member.key === path.at(-1))?.keyNode ?? parent;
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
