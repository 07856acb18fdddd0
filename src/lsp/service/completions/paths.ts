import { CompletionItemKind } from 'vscode-languageserver-types';
import { isGgufModel } from '../../../run/ingredients';
import type { Cursor } from '../cursor';
import type { FoundPath, Sources } from '../knowledge';
import type { RecipeDocument } from '../recipeDocument';
import { escapeSnippet, type Suggestion } from './suggestion';

export type PathKind = 'model' | 'dataset' | 'adapter' | 'folder';

const found: Readonly<Record<PathKind, (sources: Sources, document: RecipeDocument) => Promise<readonly FoundPath[]>>> =
  {
    model: (sources, document) => sources.baseModels(document),
    dataset: (sources, document) => sources.datasets(document),
    adapter: (sources, document) => sources.adapters(document),
    folder: () => Promise.resolve([]),
  };

const datasetEnding = /(?<!\.lora)\.(jsonl|ndjson|json|csv|tsv|parquet|txt|md)$/i;

function isOfKind(kind: PathKind, name: string): boolean {
  return kind === 'dataset' ? datasetEnding.test(name) : kind === 'model' && isGgufModel(name);
}

/** What was found of this kind, and what lies in the folder that is typed so far. */
export async function pathSuggestions(
  document: RecipeDocument,
  cursor: Cursor,
  sources: Sources,
  kind: PathKind,
): Promise<readonly Suggestion[]> {
  const typed = typedText(document, cursor);
  const folder = typed.slice(0, typed.lastIndexOf('/') + 1);
  const [whole, entries] = await Promise.all([
    found[kind](sources, document),
    sources.folder(document, folder === '' ? '.' : folder),
  ]);
  const plain = (text: string): string => text.replace(/^\.\/|\/$/g, '');
  const known = new Set(whole.map(({ text }) => plain(text)));
  const parts = entries
    .filter(({ name, isFolder }) => isFolder || isOfKind(kind, name))
    .map(({ name, isFolder }): Suggestion => {
      const label = `${folder}${name}${isFolder ? '/' : ''}`;
      return {
        label,
        insert: isFolder ? `"${inner(label)}$0"` : `"${inner(label)}"`,
        kind: isFolder ? CompletionItemKind.Folder : CompletionItemKind.File,
        goesOn: isFolder,
      };
    });
  return [
    ...whole.map(({ text, detail }) => ({ label: text, kind: CompletionItemKind.File, detail, isPreferred: true })),
    ...parts.filter(({ label }) => !known.has(plain(label))),
  ];
}

function inner(text: string): string {
  return escapeSnippet(JSON.stringify(text).slice(1, -1));
}

/** The path up to the cursor. */
function typedText({ text }: RecipeDocument, { word, offset }: Cursor): string {
  return text.slice(word.offset, offset).replace(/^"/, '').replaceAll('\\\\', '/');
}
