import {
  FoldingRangeKind,
  SymbolKind,
  type DocumentLink,
  type DocumentSymbol,
  type FoldingRange,
  type FormattingOptions,
  type TextEdit,
} from 'vscode-languageserver-types';
import { format, type Node } from 'jsonc-parser';
import { membersOf, nodeAt } from '../../recipe/syntax';
import { tokensOf, type Path } from './cursor';
import type { Sources } from './knowledge';
import { rangeOf, type RecipeDocument } from './recipeDocument';

/** Objects, lists and runs of comments that span lines. */
export function foldingRanges(document: RecipeDocument): FoldingRange[] {
  const folds: FoldingRange[] = [];
  const open: number[] = [];
  const comments: { start: number; end: number }[] = [];
  for (const { kind, offset, length } of tokensOf(document.text)) {
    const { start, end } = document.range(offset, length);
    if (kind === 'openBrace' || kind === 'openBracket') open.push(start.line);
    if (kind === 'closeBrace' || kind === 'closeBracket') {
      const line = open.pop();
      // The closing line stays in sight.
      if (line !== undefined && start.line - 1 > line) folds.push({ startLine: line, endLine: start.line - 1 });
    }
    if (kind === 'lineComment' || kind === 'blockComment') {
      const last = comments.at(-1);
      if (last?.end === start.line - 1) last.end = end.line;
      else comments.push({ start: start.line, end: end.line });
    }
  }
  const runs = comments.filter(({ start, end }) => end > start);
  return [
    ...folds,
    ...runs.map(({ start, end }) => ({ startLine: start, endLine: end, kind: FoldingRangeKind.Comment })),
  ];
}

const symbolKinds: Readonly<Record<Node['type'], SymbolKind>> = {
  object: SymbolKind.Module,
  array: SymbolKind.Array,
  string: SymbolKind.String,
  number: SymbolKind.Number,
  boolean: SymbolKind.Boolean,
  null: SymbolKind.Null,
  property: SymbolKind.Property,
};

/** The outline: every key with its value. */
export function documentSymbols(document: RecipeDocument): DocumentSymbol[] {
  return document.root?.type === 'object' ? symbolsOf(document, document.root, deepestSymbols) : [];
}

/** A recipe is three levels deep; what is nested by the thousand is no recipe. */
const deepestSymbols = 16;

function symbolsOf(document: RecipeDocument, object: Node, levels: number): DocumentSymbol[] {
  return membersOf(object).map(({ key, keyNode, value }) => {
    const property = keyNode.parent ?? keyNode;
    const isShort = value !== undefined && value.type !== 'object' && value.length <= 60;
    return {
      // The protocol forbids an empty name.
      name: key === '' ? '""' : key,
      kind: symbolKinds[value?.type ?? 'null'],
      ...(isShort ? { detail: document.text.slice(value.offset, value.offset + value.length) } : {}),
      range: rangeOf(document, property),
      selectionRange: rangeOf(document, keyNode),
      ...(value?.type === 'object' && levels > 1 ? { children: symbolsOf(document, value, levels - 1) } : {}),
    };
  });
}

/** Edits that set blanks and line breaks as everywhere else; comments stay. */
export function formatEdits(
  document: RecipeDocument,
  { tabSize, insertSpaces }: Pick<FormattingOptions, 'tabSize' | 'insertSpaces'>,
): TextEdit[] {
  // What cannot be read may be half typed: blanks would be moved into it.
  if (document.recipe.problems.length > 0) return [];
  const eol = document.text.includes('\r\n') ? '\r\n' : '\n';
  const options = { tabSize, insertSpaces, eol, insertFinalNewline: true, keepLines: true };
  const edits = format(document.text, undefined, options);
  return edits.map(({ offset, length, content }) => ({ range: document.range(offset, length), newText: content }));
}

/** Values that name a file or folder. */
export const pathKeys: readonly Path[] = [
  ['base_model'],
  ['dataset', 'path'],
  ['dataset', 'eval_path'],
  ['lora', 'init_from'],
  ['output'],
];

/** The texts in a recipe that name files or folders. */
export function pathNodes({ root }: RecipeDocument): readonly { readonly path: Path; readonly node: Node }[] {
  if (root?.type !== 'object') return [];
  return pathKeys.flatMap((path) => {
    const node = nodeAt(root, path);
    return node.type === 'string' && node.value !== '' ? [{ path, node }] : [];
  });
}

/** Links from paths to what they name, where it is there. */
export async function documentLinks(document: RecipeDocument, sources: Sources): Promise<DocumentLink[]> {
  const links = pathNodes(document).map(async ({ node }): Promise<DocumentLink[]> => {
    const target = await sources.target(document, String(node.value));
    if (target === undefined) return [];
    const range = document.range(node.offset + 1, node.length - 2);
    return [{ range, target }];
  });
  return (await Promise.all(links)).flat();
}
