import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { startEngine } from '../../src/host/engine/engineClient';
import { gone } from '../alive';
import { writeTinyAdapter } from '../tiny/adapter';
import { writeTinyModel } from '../tiny/model';
import { temporaryFolder } from '../tiny/recipe';
import { engineFile } from './engine';

/** Set where this file runs as the parent that is about to die: base model and adapter. */
const servedByParent = process.env['LORA_TEST_SERVED'];

/** Seconds after the parent's death. */
const limit = 5;

if (servedByParent === undefined) {
  test('when its parent is killed, a server is gone, also with clients that still read', async (t) => {
    const folder = await temporaryFolder(t);
    const [base, adapter] = [path.join(folder, 'base'), path.join(folder, 'one')];
    await writeTinyModel(base);
    await writeTinyAdapter(adapter, base);
    const parent = spawn(process.execPath, [__filename], {
      env: { ...process.env, LORA_TEST_SERVED: JSON.stringify([base, adapter]) },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const lines = createInterface({ input: parent.stdout });
    const line = (pattern: RegExp): Promise<string> =>
      new Promise((resolve) => {
        lines.on('line', (text) => {
          const found = pattern.exec(text);
          if (found !== null) resolve(found[1]!);
        });
      });
    const [pid, url] = await Promise.all([line(/^Engine process (\d+) /), line(/^listening at (.+)$/)]);
    const asked = { model: 'one', prompt: 'a', stream: true, ignore_eos: true, max_tokens: 60, n: 16 };
    const answer = await fetch(`${url}/v1/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(asked),
    });
    assert.equal(answer.status, 200);
    parent.kill('SIGKILL');
    try {
      await gone([Number(pid)], 1000 * limit);
    } catch {
      process.kill(Number(pid), 'SIGKILL');
      assert.fail(`The server outlived its parent by ${limit} s`);
    }
    await assert.rejects(fetch(`${url}/health`));
  });
} else {
  const [baseModel, folder] = JSON.parse(servedByParent) as [string, string];
  const engine = startEngine({ engineFile, log: (line) => console.log(line) });
  void engine.texts.serve(
    {
      ...{ baseModel, adapters: [{ name: 'one', folder }], host: '127.0.0.1', port: 0, apiKey: undefined },
      ...{ parallel: 4, maxWaiting: 64, maxLength: undefined },
    },
    (news) => {
      if (news.type === 'listening') console.log(`listening at ${news.url}`);
    },
    new AbortController().signal,
  );
}
