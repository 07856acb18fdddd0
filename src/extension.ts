import * as vscode from 'vscode';
import type { LoraExports } from './host/api';
import { Shell } from './host/shell';

let shell: Shell | undefined;

/** Entry point of the extension: composes the parts and owns their lifetimes. */
export function activate(context: vscode.ExtensionContext): LoraExports {
  const began = performance.now();
  const log = vscode.window.createOutputChannel('LoRA Workbench', { log: true });
  context.subscriptions.push(log);
  const opened = new Shell(context, log);
  shell = opened;
  const { version } = context.extension.packageJSON as { version: string };
  log.info(`LoRA Workbench ${version} is active after ${(performance.now() - began).toFixed(0)} ms.`);
  return {
    getApi(wanted) {
      if ((wanted as number) !== 1) throw new RangeError(`LoRA Workbench has API version 1, not ${String(wanted)}.`);
      return opened.api;
    },
  };
}

/** VS Code waits a few seconds for it: runs keep a checkpoint. */
export async function deactivate(): Promise<void> {
  await shell?.close();
  shell = undefined;
}
