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
    const distinct = [...new Map(all.map((diagnostic) => [JSON.stringify(diagnostic), diagnostic])).values()];
    const text = JSON.stringify(distinct);
    if (this.#sent.get(uri) === text) return;
    this.#sent.set(uri, text);
    this.#send(uri, distinct);
  }
}
