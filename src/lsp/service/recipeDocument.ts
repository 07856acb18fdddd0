import type { Node } from 'jsonc-parser';
import type { Position, TextRange } from '../../recipe/problem';
import { parseText, type RecipeText } from '../../recipe/syntax';

/** A recipe as it stands in the editor, saved or not. */
export interface RecipeDocument {
  readonly uri: string;
  /** Absolute path of the recipe's file, which need not exist; undefined for a document that lies on no disk. */
  readonly file: string | undefined;
  readonly text: string;
  readonly recipe: RecipeText;
  readonly root: Node | undefined;
  offset(position: Position): number;
  range(offset: number, length: number): TextRange;
}

/** Reads a document's text once; every feature works on this. Never throws. */
export function openRecipe(uri: string, file: string | undefined, text: string): RecipeDocument {
  const recipe = parseText(text);
  const { index, root } = recipe;
  return {
    uri,
    file,
    text,
    recipe,
    root,
    offset: (position) => index.offset(position),
    range: (offset, length) => index.range(offset, length),
  };
}

/** The node's own range. */
export function rangeOf(document: RecipeDocument, node: Node): TextRange {
  return document.range(node.offset, node.length);
}
