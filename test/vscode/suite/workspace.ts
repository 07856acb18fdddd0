import assert from 'node:assert/strict';
import path from 'node:path';
import * as vscode from 'vscode';
import type { LoraApi, LoraExports } from '../../../src/host/api';

export const extensionId = 'adapter-workbench.lora-workbench';

export function extension(): vscode.Extension<LoraExports> {
  const found = vscode.extensions.getExtension<LoraExports>(extensionId);
  assert.ok(found !== undefined, `${extensionId} is not installed`);
  return found;
}

export async function api(): Promise<LoraApi> {
  return (await extension().activate()).getApi(1);
}

export function folder(): vscode.WorkspaceFolder {
  const [first] = vscode.workspace.workspaceFolders ?? [];
  assert.ok(first !== undefined, 'the window has a folder');
  return first;
}

/** Absolute path of a file in the workspace. */
export function inFolder(name: string): string {
  return path.join(folder().uri.fsPath, name);
}
