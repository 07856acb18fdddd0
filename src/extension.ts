import * as vscode from 'vscode';

/** Entry point of the extension: composes the parts and owns their lifetimes. */
export function activate(context: vscode.ExtensionContext): void {
  const log = vscode.window.createOutputChannel('LoRA Workbench', { log: true });
  context.subscriptions.push(log);
  const { version } = context.extension.packageJSON as { version: string };
  log.info(`LoRA Workbench ${version} is active.`);
}
