import type {
  CodeAction,
  CodeLens,
  CompletionItem,
  Diagnostic,
  DocumentLink,
  DocumentSymbol,
  FoldingRange,
  FormattingOptions,
  Hover,
  InlayHint,
  Position,
  Range,
  TextEdit,
} from 'vscode-languageserver-types';
import { checkRead } from '../../recipe/parse';
import type { Problem } from '../../recipe/problem';
import { codeActions, diagnosticOf, type Addresses } from './actions';
import { completionsAt } from './completions/completions';
import { readOf } from './draftOf';
import { hoverAt } from './hover';
import type { Sources } from './knowledge';
import { codeLenses, inlayHints } from './lenses';
import type { RecipeDocument } from './recipeDocument';
import { editsForRenames, type FileRename } from './renames';
import { documentLinks, documentSymbols, foldingRanges, formatEdits } from './structure';

/** Diagnostics by the uri of the file that they are in; the recipe's own are always among them. */
export type DiagnosticsByUri = ReadonlyMap<string, readonly Diagnostic[]>;

/**
 * All that an editor can ask about recipes, with nothing of any editor in it. Answers never wait for what is still
 * being read (`Sources`) and never reject.
 */
export interface LanguageService {
  diagnostics(document: RecipeDocument): Promise<DiagnosticsByUri>;
  completions(document: RecipeDocument, position: Position): Promise<CompletionItem[]>;
  hover(document: RecipeDocument, position: Position): Promise<Hover | undefined>;
  codeActions(document: RecipeDocument, range: Range, only?: readonly string[]): Promise<CodeAction[]>;
  codeLenses(document: RecipeDocument): Promise<CodeLens[]>;
  inlayHints(document: RecipeDocument): Promise<InlayHint[]>;
  links(document: RecipeDocument): Promise<DocumentLink[]>;
  symbols(document: RecipeDocument): DocumentSymbol[];
  folds(document: RecipeDocument): FoldingRange[];
  format(document: RecipeDocument, options: FormattingOptions): TextEdit[];
  /** What has to change in a recipe before files get other names. */
  renames(document: RecipeDocument, renames: readonly FileRename[]): TextEdit[];
}

export function createLanguageService(sources: Sources, addresses: Addresses): LanguageService {
  const problemsOf = async (document: RecipeDocument): Promise<readonly Problem[]> =>
    checkRead(readOf(document), await sources.facts(document)).problems;
  return {
    async diagnostics(document) {
      const byUri = new Map<string, Diagnostic[]>([[document.uri, []]]);
      for (const problem of await problemsOf(document)) {
        const uri = problem.file === undefined ? document.uri : addresses.uri(problem.file);
        byUri.set(uri, [...(byUri.get(uri) ?? []), diagnosticOf(problem, document, addresses)]);
      }
      return byUri;
    },
    completions: (document, position) => completionsAt(document, position, sources),
    hover: (document, position) => hoverAt(document, position, sources),
    codeActions: async (document, range, only) =>
      codeActions(document, range, await problemsOf(document), addresses, only),
    codeLenses: (document) => codeLenses(document, sources),
    inlayHints: (document) => inlayHints(document, sources),
    links: (document) => documentLinks(document, sources),
    symbols: documentSymbols,
    folds: foldingRanges,
    format: formatEdits,
    renames: editsForRenames,
  };
}
