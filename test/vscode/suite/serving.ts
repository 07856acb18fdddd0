import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import type { Tests } from './index';
import { api, inFolder } from './workspace';

export const servingTests: Tests = {
  'an adapter is served for programs, until that is stopped': async () => {
    const lora = await api();
    if ((await lora.adapters()).length === 0) {
      await lora.startRun(vscode.Uri.file(inFolder('count-by-ten.lora.json')));
    }
    const adapter = vscode.Uri.file(inFolder('adapters/count-by-ten'));
    const url = await vscode.commands.executeCommand<string>('lora.serveAdapters', adapter);
    assert.match(url, /^http:\/\/127\.0\.0\.1:\d+$/);
    const listed = (await (await fetch(`${url}/v1/models`)).json()) as { readonly data: readonly { id: string }[] };
    assert.deepEqual(
      listed.data.map(({ id }) => id),
      ['model', 'count-by-ten'],
    );
    const answers = await Promise.all(
      Array.from({ length: 8 }, () =>
        fetch(`${url}/v1/completions`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ model: 'count-by-ten', prompt: '1, 2,', temperature: 0, max_tokens: 6 }),
        }).then((answer) => answer.json() as Promise<{ readonly choices: readonly { readonly text: string }[] }>),
      ),
    );
    assert.equal(new Set(answers.map(({ choices }) => choices[0]?.text)).size, 1);
    await vscode.commands.executeCommand('lora.stopServing');
    await assert.rejects(fetch(`${url}/v1/models`));
  },
};
