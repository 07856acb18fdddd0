import type { Hover, Position } from 'vscode-languageserver-types';
import type { Node } from 'jsonc-parser';
import { dottedPath } from '../../recipe/schema';
import { exactNode, membersOf, nodeAt } from '../../recipe/syntax';
import { cursorAt, schemaOf, type Path } from './cursor';
import type { Sources } from './knowledge';
import { meaningOf } from './meanings/meanings';
import { surroundingsOf } from './meanings/surroundings';
import { rangeOf, type RecipeDocument } from './recipeDocument';

/** What a key or value is, and what it means for this model and this data: a sentence each. */
export async function hoverAt(
  document: RecipeDocument,
  position: Position,
  sources: Sources,
): Promise<Hover | undefined> {
  const offset = document.offset(position);
  const found = pointedAt(document, offset);
  if (found === undefined) return undefined;
  const { node, path } = found;
  const description = schemaOf(path)?.description ?? '';
  const meaning = meaningOf(path)?.(await surroundingsOf(document, sources), path);
  if (description === '' && meaning === undefined) return undefined;
  const parts = [
    `**\`${dottedPath(path)}\`** ${firstSentence(description)}`,
    ...(meaning === undefined ? [] : [meaning]),
  ];
  return { contents: { kind: 'markdown', value: parts.join('\n\n') }, range: rangeOf(document, node) };
}

function pointedAt(document: RecipeDocument, offset: number): { readonly node: Node; readonly path: Path } | undefined {
  const { root } = document;
  const { kind, path } = cursorAt(document, offset);
  if (root === undefined || kind === 'comment') return undefined;
  if (kind === 'key') {
    const member = membersOf(nodeAt(root, path)).find(({ keyNode }) => contains(keyNode, offset));
    return member === undefined ? undefined : { node: member.keyNode, path: [...path, member.key] };
  }
  const node = exactNode(root, path);
  return node !== undefined && contains(node, offset) && path.length > 0 ? { node, path } : undefined;
}

function contains({ offset: start, length }: Node, offset: number): boolean {
  return start <= offset && offset <= start + length;
}

/** Up to the first full stop that ends a sentence; a colon goes on. */
function firstSentence(text: string): string {
  const end = text.search(/\. (?=[A-Z`])/);
  return end < 0 ? text : text.slice(0, end + 1);
}
