import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { describe, test } from 'node:test';
import { CancellationTokenSource, ResponseError } from 'vscode-jsonrpc/node';
import { gone } from '../alive';
import { temporaryFolder } from '../tiny/recipe';
import { TestClient, uriOf } from './client';
import { recipeText, writeProject } from './project';

const requestCancelled = -32_800;

for (const transport of ['stdio', 'ipc'] as const) {
  describe(`over ${transport}`, () => {
    test('it introduces itself, answers, and ends when it is told to', async (t) => {
      const { folder, recipe } = await writeProject(t);
      const client = new TestClient(t, transport);
      const { serverInfo, capabilities } = (await client.initialize({ folders: [folder] })) as {
        readonly serverInfo: unknown;
        readonly capabilities: Readonly<Record<string, unknown>>;
      };
      assert.deepEqual(serverInfo, { name: 'lora' });
      assert.ok(capabilities['completionProvider'] !== undefined && capabilities['hoverProvider'] === true);
      await client.open(recipe, recipeText('"lora": { "rank": 4 }'));
      const [problem] = await client.shows(recipe, (codes) => codes.includes('unknown-key'));
      assert.equal(problem?.source, 'lora');
      await client.until(
        () => client.asked.includes('client/registerCapability'),
        () => 'the server watches no files',
      );
      assert.equal(await client.request('shutdown', undefined), null);
      await client.notify('exit', undefined);
      assert.equal(await client.ended(), 0);
      if (transport === 'stdio') client.assertOnlyMessages();
    });

    test('it ends with the editor, though nobody told it to', async (t) => {
      const { folder } = await writeProject(t);
      const client = await TestClient.start(t, { folders: [folder], transport });
      if (transport === 'stdio') client.process.stdin?.end();
      else client.process.disconnect();
      assert.equal(await client.ended(), 1);
    });

    test('it ends when the editor is killed', async (t) => {
      const editor = startEditor(transport);
      t.after(() => editor.kill());
      const pid = await editor.server;
      editor.kill();
      await gone([pid]);
    });
  });
}

test('a request that is cancelled is answered as such, and the next one as ever', async (t) => {
  const { folder, recipe } = await writeProject(t);
  const client = await TestClient.start(t, { folders: [folder] });
  await client.open(recipe, recipeText());
  const cancel = new CancellationTokenSource();
  const place = { textDocument: { uri: recipe }, position: { line: 1, character: 5 } };
  const asked = client.connection.sendRequest('textDocument/hover', place, cancel.token);
  cancel.cancel();
  await assert.rejects(asked, (error) => error instanceof ResponseError && error.code === requestCancelled);
  const hover = await client.request<{ readonly contents: { readonly value: string } }>('textDocument/hover', place);
  assert.match(hover.contents.value, /`base_model`/);
});

test('an editor without workspace folders names its root', async (t) => {
  const { folder, recipe } = await writeProject(t);
  const client = new TestClient(t, 'stdio');
  await client.request('initialize', { processId: null, rootUri: uriOf(folder), capabilities: {} });
  await client.notify('initialized', {});
  const text = '{ "base_model": "" }';
  await client.open(recipe, text);
  const position = { line: 0, character: text.indexOf('""') + 1 };
  const offered = await client.offers(recipe, position);
  assert.ok(offered.some(({ label }) => label === './model'));
});

test('without --stdio the command says what is missing', async (t) => {
  const folder = await temporaryFolder(t);
  const child = spawn(process.execPath, [path.resolve('dist/cli.js'), 'language-server'], { cwd: folder });
  let said = '';
  child.stderr.on('data', (text) => (said += String(text)));
  const code = await new Promise((resolve) => child.once('close', resolve));
  assert.equal(code, 2);
  assert.match(said, /--stdio/);
});

/** A small process that starts the server as editors do, and does nothing else. */
function startEditor(transport: 'stdio' | 'ipc'): { readonly server: Promise<number>; readonly kill: () => void } {
  const command =
    transport === 'stdio' ? ['cli.js', 'language-server', '--stdio'] : ['languageServer.js', '--node-ipc'];
  const args = [path.resolve('dist', command[0]!), ...command.slice(1)];
  const stdio = transport === 'stdio' ? ['pipe', 'pipe', 'inherit'] : ['ignore', 'ignore', 'inherit', 'ipc'];
  const code = `
    const child = require('node:child_process').spawn(process.execPath, ${JSON.stringify(args)}, {
      stdio: ${JSON.stringify(stdio)},
    });
    console.log(child.pid);
    setInterval(() => undefined, 1000);`;
  const editor = spawn(process.execPath, ['--eval', code], { stdio: ['ignore', 'pipe', 'inherit'] });
  return {
    server: new Promise((resolve) =>
      createInterface({ input: editor.stdout }).once('line', (line) => resolve(Number(line))),
    ),
    kill: () => editor.kill('SIGKILL'),
  };
}
