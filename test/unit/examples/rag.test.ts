import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { writeTinyAdapter } from '../../tiny/adapter';
import { tinyConfig, writeJson, writeTinyModel } from '../../tiny/model';
import { temporaryFolder } from '../../tiny/recipe';

const script = path.resolve('examples/rag/ask.mjs');

async function ended(child: ChildProcess): Promise<{ code: number; stdout: string; stderr: string }> {
  const said = { stdout: '', stderr: '' };
  child.stdout!.on('data', (text: Buffer) => (said.stdout += text.toString()));
  child.stderr!.on('data', (text: Buffer) => (said.stderr += text.toString()));
  const [code] = (await once(child, 'close')) as [number];
  return { code, ...said };
}

const ask = (...args: string[]): ReturnType<typeof ended> => ended(spawn(process.execPath, [script, ...args]));

/** `lora serve` with a tiny model that has room for passages, and an adapter called `my`; gives its address. */
async function serving(t: TestContext, folder: string): Promise<string> {
  const [base, adapter] = [path.join(folder, 'model'), path.join(folder, 'my')];
  await writeTinyModel(base);
  await writeJson(path.join(base, 'config.json'), { ...tinyConfig, max_position_embeddings: 4096 });
  await writeTinyAdapter(adapter, base, {});
  const args = ['serve', '--base-model', base, '--adapter', `my=${adapter}`, '--port', '0'];
  const server = spawn(process.execPath, [path.resolve('dist/cli.js'), ...args]);
  t.after(async () => {
    server.kill();
    await once(server, 'close');
  });
  return new Promise((resolve, reject) => {
    let said = '';
    const hear = (text: Buffer): void => {
      said += text.toString();
      const address = /http:\/\/127\.0\.0\.1:\d+/.exec(said)?.[0];
      if (address !== undefined) resolve(address);
    };
    server.stdout.on('data', hear);
    server.stderr.on('data', hear);
    server.once('close', () => reject(new Error(`lora serve ended: ${said}`)));
  });
}

test('the example of answers from files finds the passages and asks lora serve with the adapter', async (t) => {
  const folder = await temporaryFolder(t);
  const files = path.join(folder, 'files');
  await mkdir(path.join(files, 'node_modules'), { recursive: true });
  await writeFile(
    path.join(files, 'zoo.md'),
    '# Zoo\n\nThe lions sleep.\n\n## Penguins\n\nPenguins get herring at noon.\n',
  );
  await writeFile(path.join(files, 'shop.txt'), 'The shop sells bread and closes at six.\n');
  await writeFile(path.join(files, 'node_modules', 'other.md'), 'Penguins penguins herring.\n');
  const server = await serving(t, folder);
  const question = 'When do the penguins get herring?';
  const { code, stdout, stderr } = await ask(
    question,
    '--folder',
    files,
    '--server',
    server,
    '--max-tokens',
    '8',
    '--json',
  );
  assert.equal(code, 0, stderr);
  const { model, sources, answer } = JSON.parse(stdout) as {
    model: string;
    sources: { file: string; heading: string }[];
    answer: string;
  };
  assert.equal(model, 'my');
  assert.deepEqual(sources[0], { file: path.join(files, 'zoo.md'), heading: 'Penguins' });
  assert.ok(sources.every(({ file }) => !file.includes('node_modules')));
  assert.equal(typeof answer, 'string');
  const words = await ask(question, '--folder', files, '--server', server, '--model', 'my', '--max-tokens', '4');
  assert.match(words.stdout, /\[1\] .*zoo\.md Penguins/);
});

test('the example says what is missing', async (t) => {
  const folder = await temporaryFolder(t);
  assert.match((await ask('--folder', folder)).stderr, /Ask something/);
  assert.match((await ask('penguins', '--folder', folder)).stderr, /No text in .* has a word of this question/);
  await writeFile(path.join(folder, 'a.md'), 'penguins');
  const nobody = await ask('penguins', '--folder', folder, '--server', 'http://127.0.0.1:1');
  assert.match(nobody.stderr, /Nothing answers at .* lora serve/);
});
