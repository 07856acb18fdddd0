import * as vscode from 'vscode';
import type { Failure } from '../../failure/failure';
import type { Notice, NoticeAction } from './endNotice';

const labels: Readonly<Record<NoticeAction, string>> = {
  try: 'Try It',
  adapter: 'Show Adapter',
  dashboard: 'Open Dashboard',
  resume: 'Resume Training',
  'take-over': 'Go On Here',
  again: 'Train Adapter',
  log: 'Show Engine Log',
  'open-place': 'Open the File',
  trust: 'Manage Trust',
};

/** Shows a notice; gives what the user chose, undefined when they closed it. */
export async function showNotice(notice: Notice): Promise<NoticeAction | undefined> {
  const items = notice.actions.map((action) => ({ title: labels[action], action }));
  const show = notice.level === 'info' ? vscode.window.showInformationMessage : vscode.window.showErrorMessage;
  return (await show<(typeof items)[number]>(notice.text, ...items))?.action;
}

/** Opens the file and line that a failure names; in a recipe the key. */
export async function openPlace({ place }: Failure): Promise<void> {
  if (place?.file === undefined) return;
  const at = new vscode.Position(Math.max(0, (place.line ?? 1) - 1), 0);
  await vscode.window.showTextDocument(vscode.Uri.file(place.file), { selection: new vscode.Range(at, at) });
}
