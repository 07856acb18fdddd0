import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import type { Tests } from './index';
import { extension } from './workspace';

interface Contributions {
  readonly commands: readonly { readonly command: string }[];
  readonly configuration: { readonly properties: Readonly<Record<string, { readonly default: unknown }>> };
}

export const manifestTests: Tests = {
  'every command of package.json is registered': async () => {
    await extension().activate();
    const { commands } = contributions();
    const known = new Set(await vscode.commands.getCommands(true));
    const missing = commands.filter(({ command }) => !known.has(command));
    assert.ok(commands.length > 10);
    assert.deepEqual(missing, []);
  },

  'every setting has its default': async () => {
    await extension().activate();
    for (const [key, { default: expected }] of Object.entries(contributions().configuration.properties)) {
      assert.deepEqual(vscode.workspace.getConfiguration().inspect(key)?.defaultValue, expected, key);
    }
  },

  'a recipe is a document of the language lora': async () => {
    const [file] = await vscode.workspace.findFiles('count-by-ten.lora.json');
    assert.ok(file !== undefined);
    assert.equal((await vscode.workspace.openTextDocument(file)).languageId, 'lora');
  },
};

function contributions(): Contributions {
  return (extension().packageJSON as { readonly contributes: Contributions }).contributes;
}
