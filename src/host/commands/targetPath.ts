import * as vscode from 'vscode';

/**
 * Absolute path that a command's argument names: a Uri (menus of editor and explorer), its text (code lenses) or a node
 * of a tree.
 */
export function targetPath(target: unknown): string | undefined {
  if (target instanceof vscode.Uri) return target.fsPath;
  if (typeof target === 'string' && target.startsWith('file:')) return vscode.Uri.parse(target).fsPath;
  if (typeof target !== 'object' || target === null || !('path' in target)) return undefined;
  return typeof target.path === 'string' ? target.path : undefined;
}
