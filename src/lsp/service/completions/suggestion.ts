import {
  InsertTextFormat,
  type CompletionItem,
  type CompletionItemKind,
  type TextEdit,
} from 'vscode-languageserver-types';
import type { Cursor } from '../cursor';
import type { RecipeDocument } from '../recipeDocument';

/** Something that could stand at the cursor. */
export interface Suggestion {
  /** What the list shows, and what is typed to find it. */
  readonly label: string;
  /** JSON, or a snippet of it (`$1`, `${1:8}`); default: the label as JSON text. */
  readonly insert?: string;
  readonly kind: CompletionItemKind;
  /** A few words beside the label. */
  readonly detail?: string;
  /** Markdown. */
  readonly documentation?: string;
  /** Stands first. */
  readonly isPreferred?: boolean;
  /** Keep the list open for what comes next: the parts of a path. */
  readonly goesOn?: boolean;
}

/** The list entries for suggestions that replace the word under the cursor; they keep the order they are given in. */
export function completionItems(
  document: RecipeDocument,
  cursor: Cursor,
  suggestions: readonly Suggestion[],
): CompletionItem[] {
  const { word } = cursor;
  const range = document.range(word.offset, word.length);
  const comma = commaBefore(document, cursor);
  const after = commaAfter(cursor);
  const isQuoted = document.text[word.offset] === '"';
  return suggestions.map((suggestion, at) => {
    const insert = suggestion.insert ?? escapeSnippet(JSON.stringify(suggestion.label));
    const isText = insert.startsWith('"');
    return {
      label: suggestion.label,
      kind: suggestion.kind,
      // What is typed so far begins with a quote; the filter compares with all of it.
      filterText: isQuoted && isText ? JSON.stringify(suggestion.label) : suggestion.label,
      sortText: `${suggestion.isPreferred === true ? '0' : '1'}${String(at).padStart(4, '0')}`,
      insertTextFormat: InsertTextFormat.Snippet,
      textEdit: { range, newText: insert + after },
      ...(suggestion.isPreferred === true ? { preselect: true } : {}),
      ...(suggestion.detail === undefined
        ? {}
        : { detail: suggestion.detail, ...besideLabel(suggestion.label, suggestion.detail) }),
      ...(suggestion.documentation === undefined
        ? {}
        : { documentation: { kind: 'markdown' as const, value: suggestion.documentation } }),
      ...(comma === undefined ? {} : { additionalTextEdits: [comma] }),
      ...(suggestion.goesOn === true ? { command: { title: 'Suggest', command: 'editor.action.triggerSuggest' } } : {}),
    };
  });
}

/** Characters of a line of the list; what is longer is cut off in the middle of its words. */
const widestLine = 56;

/** Beside the label only what fits; the rest stands in the entry's explanation. */
function besideLabel(label: string, detail: string): Pick<CompletionItem, 'labelDetails'> {
  return label.length + detail.length > widestLine ? {} : { labelDetails: { description: detail } };
}

/** A snippet gives `$`, `}` and `\` a meaning. */
export function escapeSnippet(text: string): string {
  return text.replaceAll(/[\\$}]/g, '\\$&');
}

/** The entries for an editor that knows no snippets: what stands in their places stays as it is. */
export function withoutSnippets(items: readonly CompletionItem[]): CompletionItem[] {
  return items.map((item) => {
    const { textEdit } = item;
    if (textEdit === undefined) return item;
    return {
      ...item,
      insertTextFormat: InsertTextFormat.PlainText,
      textEdit: { ...textEdit, newText: plainText(textEdit.newText) },
    };
  });
}

/** A snippet as it stands in the text before anything is typed over. Places are `$1`, `${1:text}` and `${1|one,other|}`, of which the first counts. */
export function plainText(snippet: string): string {
  return snippet
    .replaceAll(/(?<!\\)\$\{\d+\|((?:\\.|[^\\,|])*)[^}]*\|\}/g, '$1')
    .replaceAll(/(?<!\\)\$\{\d+:((?:\\.|[^\\}])*)\}/g, '$1')
    .replaceAll(/(?<!\\)\$\d+/g, '')
    .replaceAll(/\\([\\$},|])/g, '$1');
}

/** Where the one before was left without its comma, it gets it. */
function commaBefore(document: RecipeDocument, { before, kind, path }: Cursor): TextEdit | undefined {
  const isItem = kind === 'value' && typeof path.at(-1) === 'number';
  if (before === undefined || !(kind === 'key' || isItem)) return undefined;
  const endsValue = !['openBrace', 'openBracket', 'comma', 'colon'].includes(before.kind);
  if (!endsValue) return undefined;
  const end = document.range(before.offset + before.length, 0);
  return { range: end, newText: ',' };
}

/** Before a further key or item belongs a comma; what completes a key alone adds none before its colon. */
function commaAfter({ after }: Cursor): string {
  const endsHere = after === undefined || after.kind === 'closeBrace' || after.kind === 'closeBracket';
  return endsHere || after.kind === 'comma' || after.kind === 'colon' ? '' : ',';
}
