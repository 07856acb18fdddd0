import type { TestContext } from 'node:test';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Position } from 'vscode-languageserver-types';
import { createLanguageService, type LanguageService } from '../../../src/lsp/service/languageService';
import { openRecipe, type RecipeDocument } from '../../../src/lsp/service/recipeDocument';
import { FactStore } from '../../../src/lsp/server/factStore';
import type { Finder } from '../../../src/lsp/server/questions';
import { FactFinder } from '../../../src/lsp/server/child/factFinder';
import { uriOf } from '../../../src/lsp/server/targets';
import { jsonLines, temporaryFolder, tinyRows } from '../../tiny/recipe';
import { writeTinyModel } from '../../tiny/model';

/** A folder with a tiny model in `model/` and 24 rows in `data.jsonl`, and the language service on it. */
export interface World {
  readonly folder: string;
  readonly service: LanguageService;
  /** Opens a recipe with `‸` where the cursor stands (at its end without one), after all about it was found out. */
  open(text: string): Promise<{ readonly document: RecipeDocument; readonly position: Position }>;
}

export async function tinyWorld(t: Pick<TestContext, 'after'>): Promise<World> {
  const folder = await temporaryFolder(t);
  await writeTinyModel(path.join(folder, 'model'));
  await writeFile(path.join(folder, 'data.jsonl'), jsonLines(tinyRows()));
  const found = new FactFinder();
  const finder: Finder = { ask: (name, recipe, signal) => found.find(name, recipe, signal) };
  const store = new FactStore({
    quick: finder,
    slow: finder,
    workspace: () => [folder],
    changed: () => undefined,
    rest: 0,
  });
  const service = createLanguageService(store.sources(true), {
    page: (code) => `docs:${code}`,
    uri: uriOf,
  });
  return {
    folder,
    service,
    open: async (text) => {
      const offset = text.indexOf('‸');
      const file = path.join(folder, 'mine.lora.json');
      const document = openRecipe(uriOf(file), file, text.replace('‸', ''));
      await store.settled(document);
      return { document, position: document.recipe.index.position(offset < 0 ? text.length : offset) };
    },
  };
}
