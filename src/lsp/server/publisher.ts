import type { Diagnostic } from 'vscode-languageserver-types';
import type { DiagnosticsByUri } from '../service/languageService';

/** Sends diagnostics. A dataset may be named by several recipes: it shows what each of them finds in it, once. */
export class Publisher {
  readonly #send: (uri: string, diagnostics: readonly Diagnostic[]) => void;
  readonly #byRecipe = new Map<string, DiagnosticsByUri>();
  readonly #sent = new Map<string, string>();

  constructor(send: (uri: string, diagnostics: readonly Diagnostic[]) => void) {
    this.#send = send;
  }

  publish(recipe: string, diagnostics: DiagnosticsByUri): void {
    const before = this.#byRecipe.get(recipe)?.keys() ?? [];
    this.#byRecipe.set(recipe, diagnostics);
    for (const uri of new Set([...before, ...diagnostics.keys()])) this.#update(uri);
  }

  /** A recipe was closed: its diagnostics, and those of its data, go. */
  forget(recipe: string): void {
    this.publish(recipe, new Map());
    this.#byRecipe.delete(recipe);
    this.#sent.delete(recipe);
  }

  #update(uri: string): void {
    const all = [...this.#byRecipe.values()].flatMap((byUri) => byUri.get(uri) ?? []);
    const distinct = merged(all);
    const text = JSON.stringify(distinct);
    if (this.#sent.get(uri) === text) return;
    this.#sent.set(uri, text);
    this.#send(uri, distinct);
  }
}

/** What several recipes find in one place is one problem, which tells of each of them. */
function merged(diagnostics: readonly Diagnostic[]): readonly Diagnostic[] {
  const found = new Map<string, Diagnostic>();
  for (const diagnostic of diagnostics) {
    const { relatedInformation = [], ...own } = diagnostic;
    const key = JSON.stringify(own);
    const known = found.get(key);
    const places = [...(known?.relatedInformation ?? []), ...relatedInformation];
    found.set(key, places.length === 0 ? diagnostic : { ...diagnostic, relatedInformation: places });
  }
  return [...found.values()];
}
