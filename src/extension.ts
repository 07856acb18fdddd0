import * as vscode from 'vscode';

/** Entry point of the extension: composes the parts and owns their lifetimes. */
export function activate(context: vscode.ExtensionContext): void {
  const log = vscode.window.createOutputChannel('LoRA Workbench', { log: true });
  context.subscriptions.push(log);
  log.info(`LoRA Workbench ${String(context.extension.packageJSON['version'])} is active.`);
}
