import path from 'node:path';
import * as vscode from 'vscode';
import { Signal, type Disposable } from '../signal';

/**
 * What is looked for, and what is watched: of a folder that appears with files in it, the system often tells nothing
 * but the folder.
 */
const patterns = {
  recipes: { find: '**/*.lora.json', watch: '**/*.lora.json' },
  adapters: {
    find: '**/adapter_config.json',
    watch: '**/{adapter_config.json,adapter_model.safetensors,adapters,adapters/*}',
  },
  runs: { find: '**/.lora/runs/*/state.json', watch: '**/.lora{,/runs,/runs/*,/runs/*/state.json}' },
} as const;

export type WatchedKind = keyof typeof patterns;

/** Folders of packages and of runs hold copies that are nobody's recipe, model or data. */
const packages = '**/node_modules/**';
const notOwn = '**/{node_modules,.git,.lora,.venv,venv,site-packages}/**';

/** A folder is told of when it appears; milliseconds until most of what is copied with it is there. */
const copyTime = 1_000;

/** Where recipes, adapters and runs lie in the workspace; looked for once, then kept current by watchers. */
export class WorkspaceFiles implements vscode.Disposable {
  readonly #known = new Map<WatchedKind, Thenable<readonly string[]>>();
  readonly #changed = new Signal<[kind: WatchedKind]>();
  readonly #subscriptions: vscode.Disposable[] = [];
  readonly #soon = new Map<WatchedKind, NodeJS.Timeout>();

  constructor() {
    for (const kind of Object.keys(patterns) as WatchedKind[]) this.#watch(kind);
    this.#subscriptions.push(
      vscode.workspace.onDidChangeWorkspaceFolders(() => {
        for (const kind of Object.keys(patterns) as WatchedKind[]) this.forget(kind);
      }),
    );
  }

  /** Absolute paths of recipe files. */
  recipes(): Thenable<readonly string[]> {
    return this.#find('recipes', notOwn, (file) => file);
  }

  /** Absolute paths of adapter folders. */
  adapters(): Thenable<readonly string[]> {
    return this.#find('adapters', notOwn, (file) => path.dirname(file));
  }

  /** Absolute paths of run folders. */
  runs(): Thenable<readonly string[]> {
    return this.#find('runs', packages, (file) => path.dirname(file));
  }

  /** Files by a pattern of one's own, as they are now. */
  async matching(pattern: string, limit: number): Promise<readonly string[]> {
    const found = await vscode.workspace.findFiles(pattern, notOwn, limit);
    return found.map(({ fsPath }) => fsPath).sort();
  }

  /** Something of this kind appeared, changed or went; also of what changed in contents only. */
  onDidChange(listener: (kind: WatchedKind) => void): Disposable {
    return this.#changed.listen(listener);
  }

  /** Looks again: something of this kind has changed, or must have. */
  forget(kind: WatchedKind): void {
    this.#known.delete(kind);
    this.#changed.emit(kind);
  }

  dispose(): void {
    for (const subscription of this.#subscriptions) subscription.dispose();
    for (const timer of this.#soon.values()) clearTimeout(timer);
  }

  #find(kind: WatchedKind, exclude: string, pathOf: (file: string) => string): Thenable<readonly string[]> {
    const known = this.#known.get(kind);
    if (known !== undefined) return known;
    const found = vscode.workspace
      .findFiles(patterns[kind].find, exclude)
      .then((files) => files.map(({ fsPath }) => pathOf(fsPath)).sort());
    this.#known.set(kind, found);
    return found;
  }

  #watch(kind: WatchedKind): void {
    const watcher = vscode.workspace.createFileSystemWatcher(patterns[kind].watch);
    const forget = (): void => this.forget(kind);
    this.#subscriptions.push(
      watcher,
      watcher.onDidCreate(({ fsPath }) => {
        forget();
        if (!isFile(fsPath)) this.#forgetSoon(kind);
      }),
      watcher.onDidDelete(forget),
      watcher.onDidChange(({ fsPath }) => {
        // A file that was known already: where it lies is as before. A run writes its state again and again.
        if (isFile(fsPath)) this.#changed.emit(kind);
        else forget();
      }),
    );
  }

  #forgetSoon(kind: WatchedKind): void {
    clearTimeout(this.#soon.get(kind));
    this.#soon.set(
      kind,
      setTimeout(() => this.forget(kind), copyTime),
    );
  }
}

/** Whether a path is of one of the files that are watched, and not of a folder. */
function isFile(fsPath: string): boolean {
  return /\.(json|safetensors)$/.test(fsPath);
}
