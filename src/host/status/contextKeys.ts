import * as vscode from 'vscode';
import type { Disposable } from '../signal';
import type { RunService } from '../runs/runService';
import type { WorkspaceFiles } from '../workspace/workspaceFiles';

/** Tells VS Code which commands apply now: `when` clauses in package.json read these keys. */
export class ContextKeys implements Disposable {
  readonly #subscriptions: readonly Disposable[];
  readonly #service: RunService;
  readonly #set = new Map<string, boolean>();
  #hasRuns = false;
  #hasResumable = false;
  #hasAdapters = false;
  readonly #files: WorkspaceFiles;

  constructor(service: RunService, files: WorkspaceFiles) {
    this.#service = service;
    this.#files = files;
    this.#subscriptions = [
      service.onDidChangeJob(() => this.#update()),
      files.onDidChange((kind) => {
        if (kind !== 'recipes') void this.#look();
      }),
    ];
    // A server ended with the extension host that ran it, which may not have come to say so.
    this.#tell('lora.isServing', false);
    void this.#look();
  }

  dispose(): void {
    for (const subscription of this.#subscriptions) subscription.dispose();
  }

  async #look(): Promise<void> {
    const [runs, adapters] = await Promise.all([this.#service.runs(), this.#files.adapters()]);
    this.#hasAdapters = adapters.length > 0;
    this.#hasRuns = runs.length > 0;
    this.#hasResumable = runs.some(({ resumable }) => resumable);
    this.#update();
  }

  #update(): void {
    const phases = this.#service.jobs.map(({ phase }) => phase);
    this.#tell('lora.isTraining', phases.length > 0);
    this.#tell('lora.canPause', phases.includes('running'));
    this.#tell('lora.canResume', this.#hasResumable || phases.includes('paused'));
    this.#tell('lora.hasAdapters', this.#hasAdapters);
    this.#tell('lora.hasRuns', this.#hasRuns || phases.length > 0);
  }

  #tell(key: string, value: boolean): void {
    if (this.#set.get(key) === value) return;
    this.#set.set(key, value);
    void vscode.commands.executeCommand('setContext', key, value);
  }
}
