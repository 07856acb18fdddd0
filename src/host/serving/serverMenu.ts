import * as vscode from 'vscode';
import { commandIds } from '../commands/commandIds';
import type { AdapterServer } from './adapterServer';
import { snippet, statusText, type Snippet } from './servingText';

export interface ServerActions {
  readonly add: () => Promise<void>;
  readonly remove: () => Promise<void>;
  readonly stop: () => Promise<void>;
}

interface Entry extends vscode.QuickPickItem {
  readonly act: () => Promise<unknown> | Thenable<unknown>;
}

/** Address, examples, adapters, log and end of a server that runs. */
export async function showServerMenu(server: AdapterServer, { add, remove, stop }: ServerActions): Promise<void> {
  const { facts } = server;
  const address = `${facts.url}/v1`;
  const copied = (kind: Snippet, label: string, icon: string): Entry => ({
    label: `$(${icon}) ${label}`,
    act: () => copy(snippet(kind, server.facts), 'The example is copied.'),
  });
  const entries: Entry[] = [
    { label: '$(copy) Copy URL', description: address, act: () => copy(address, `${address} is copied.`) },
    copied('curl', 'Copy curl Command', 'terminal'),
    copied('javascript', 'Copy JavaScript Example', 'code'),
    copied('python', 'Copy Python Example', 'code'),
    { label: '$(add) Add Adapters…', act: add },
    ...(facts.adapters.length === 0
      ? []
      : [{ label: '$(remove) Remove Adapters…', description: named(server), act: remove }]),
    {
      label: '$(output) Show Engine Log',
      description: 'each request is a line',
      act: () => vscode.commands.executeCommand(commandIds.showEngineLog),
    },
    { label: '$(debug-stop) Stop Serving', act: stop },
  ];
  const options = { title: `Serving ${statusText(facts)}`, placeHolder: `Base model: ${facts.baseName}` };
  await (await vscode.window.showQuickPick(entries, options))?.act();
}

function named(server: AdapterServer): string {
  return server.facts.adapters.map(({ name }) => name).join(', ');
}

async function copy(text: string, said: string): Promise<void> {
  await vscode.env.clipboard.writeText(text);
  vscode.window.setStatusBarMessage(said, 3_000);
}
