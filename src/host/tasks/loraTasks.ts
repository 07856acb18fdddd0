import path from 'node:path';
import * as vscode from 'vscode';
import type { RunService } from '../runs/runService';
import type { WorkspaceFiles } from '../workspace/workspaceFiles';
import { readDefinition, requestOf, taskType, type LoraTaskDefinition } from './taskDefinition';

/**
 * Runs as tasks: one for each recipe, and those that `tasks.json` defines. They belong to no group: a training takes
 * minutes to days, and must not begin because somebody pressed the keys of "Run Build Task".
 */
export class LoraTasks implements vscode.TaskProvider {
  constructor(
    private readonly service: RunService,
    private readonly files: WorkspaceFiles,
  ) {}

  async provideTasks(): Promise<vscode.Task[]> {
    if (!vscode.workspace.isTrusted) return [];
    return (await this.files.recipes()).flatMap((file) => {
      const folder = vscode.workspace.getWorkspaceFolder(vscode.Uri.file(file));
      if (folder === undefined) return [];
      const recipe = path.relative(folder.uri.fsPath, file).replaceAll(path.sep, '/');
      return [this.#task({ type: taskType, recipe }, folder)];
    });
  }

  /** A task of `tasks.json`, which VS Code knows by its definition alone. */
  resolveTask(task: vscode.Task): vscode.Task | undefined {
    if (!vscode.workspace.isTrusted) return undefined;
    const folder = typeof task.scope === 'object' ? task.scope : vscode.workspace.workspaceFolders?.[0];
    return folder === undefined ? undefined : this.#task(task.definition, folder, task.name);
  }

  #task(definition: vscode.TaskDefinition, folder: vscode.WorkspaceFolder, name?: string): vscode.Task {
    const recipe = typeof definition['recipe'] === 'string' ? definition['recipe'] : '';
    const execution = new vscode.CustomExecution(async (resolved) => {
      const { TaskTerminal } = await import('./taskTerminal');
      const read = readDefinition(resolved);
      return new TaskTerminal(this.service, typeof read === 'string' ? read : this.#request(read, folder));
    });
    const shown = name ?? `train ${recipe.replace(/\.lora\.jsonc?$/i, '')}`;
    const task = new vscode.Task(definition, folder, shown, taskType, execution, '$lora');
    task.detail = `Trains the adapter of ${recipe}`;
    task.presentationOptions = { clear: true, showReuseMessage: false };
    return task;
  }

  #request(definition: LoraTaskDefinition, folder: vscode.WorkspaceFolder): ReturnType<typeof requestOf> {
    return requestOf(definition, path.resolve(folder.uri.fsPath, definition.recipe));
  }
}
