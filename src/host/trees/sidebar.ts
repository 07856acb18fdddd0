import { readFile } from 'node:fs/promises';
import * as vscode from 'vscode';
import { readAdapterFacts, type AdapterFacts } from '../adapters/adapterFacts';
import type { RunService } from '../runs/runService';
import type { Disposable } from '../signal';
import type { WorkspaceFiles } from '../workspace/workspaceFiles';
import type { ListedRecipe } from './recipeTree';
import { TreeView } from './treeView';

/** The three views of the sidebar. What they show is made, and the code for it loaded, when somebody looks. */
export class Sidebar implements Disposable {
  readonly #files: WorkspaceFiles;
  readonly #adapterView: TreeView;
  readonly #parts: readonly Disposable[];

  constructor(service: RunService, files: WorkspaceFiles) {
    this.#files = files;
    const adapters = new TreeView(
      'lora.adapters',
      async () => {
        const { adapterTree } = await import('./adapterTree');
        return adapterTree(await this.adapters());
      },
      true,
    );
    const runs = new TreeView('lora.runs', async () => {
      const { runTree } = await import('./runTree');
      return runTree(await service.runs(), service.jobs);
    });
    const recipes = new TreeView('lora.recipes', async () => {
      const { recipeTree } = await import('./recipeTree');
      const [listed, summaries] = await Promise.all([this.#recipes(), service.runs()]);
      return recipeTree(listed, summaries);
    });
    const views = { adapters: [adapters], runs: [runs, recipes], recipes: [recipes] };
    this.#adapterView = adapters;
    this.#parts = [
      ...Object.values({ adapters, runs, recipes }),
      files.onDidChange((kind) => views[kind].forEach((view) => view.refresh())),
      service.onDidChangeJob(() => runs.refresh()),
      // A run's own folders are known to have changed before any watcher tells.
      service.onDidEnd(() => (['runs', 'adapters'] as const).forEach((kind) => files.forget(kind))),
    ];
  }

  async adapters(): Promise<readonly AdapterFacts[]> {
    return Promise.all((await this.#files.adapters()).map((folder) => readAdapterFacts(folder)));
  }

  /** Selects and unfolds an adapter; false where the view does not have it. */
  revealAdapter(folder: string): Promise<boolean> {
    return this.#adapterView.reveal(folder);
  }

  dispose(): void {
    for (const part of this.#parts) part.dispose();
  }

  async #recipes(): Promise<readonly ListedRecipe[]> {
    const { parseRecipe } = await import('../../recipe/parse');
    const files = await this.#files.recipes();
    const listed = files.map(async (file): Promise<ListedRecipe[]> => {
      const text = await readFile(file, 'utf8').catch(() => undefined);
      if (text === undefined) return [];
      const shown = vscode.workspace.asRelativePath(file);
      return [{ file, shown, problems: parseRecipe(text).problems }];
    });
    return (await Promise.all(listed)).flat();
  }
}
