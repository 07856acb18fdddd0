import { homedir } from 'node:os';
import path from 'node:path';
import * as vscode from 'vscode';

/** The place that somebody typed, from the adapter's workspace folder on, or from where the adapter lies. */
export function placeNear(adapter: string, typed: string): string {
  const place = typed.trim();
  if (place.startsWith('~/')) return path.join(homedir(), place.slice(2));
  const workspace = vscode.workspace.getWorkspaceFolder(vscode.Uri.file(adapter));
  return path.resolve(workspace?.uri.fsPath ?? path.dirname(adapter), place);
}
