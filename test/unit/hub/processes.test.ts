import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, test } from 'node:test';
import type { TestContext } from 'node:test';
import { findInHubCache } from '../../../src/engine/formats/hubCache';
import { openModelFolder } from '../../../src/engine/formats/modelFolder';
import type { DownloadedModel, ListedModel } from '../../../src/run/download';
import { id, numbers, Serving, weights } from './serving';

/** `lora download …` in a process of its own, with what it says. */
class Running {
  stdout = '';
  stderr = '';
  readonly ended: Promise<{ readonly status: number | null; readonly signal: string | null }>;
  readonly child: ChildProcess;

  constructor(t: TestContext, serving: Serving, ...args: readonly string[]) {
    const env = { ...process.env, ...serving.environment };
    this.child = spawn(process.execPath, [path.resolve('dist/cli.js'), 'download', ...args], { env, stdio: 'pipe' });
    t.after(() => this.child.kill('SIGKILL'));
    this.child.stdout!.on('data', (text: Buffer) => (this.stdout += text.toString()));
    this.child.stderr!.on('data', (text: Buffer) => (this.stderr += text.toString()));
    this.ended = new Promise((resolve) => this.child.once('close', (status, signal) => resolve({ status, signal })));
  }

  /** Resolves when it has said so. */
  async says(pattern: RegExp): Promise<void> {
    const { stdout } = this.child;
    while (!pattern.test(this.stdout + this.stderr)) await new Promise((resolve) => stdout!.once('data', resolve));
  }
}

/** Lets the transfer of the weights stand still after so many bytes. */
function hold(serving: Serving, after: number): { readonly held: Promise<void>; readonly release: () => void } {
  let release = (): void => undefined;
  const until = new Promise<void>((resolve) => (release = resolve));
  const held = new Promise<void>((resolve) => {
    serving.server.faults.push({ at: weights, kind: 'hold', after, until, onHeld: resolve });
  });
  return { held, release };
}

describe('`lora download`', () => {
  test('prints what it fetched, for people and for programs', async (t) => {
    const serving = await Serving.start(t);
    const people = new Running(t, serving, id);
    assert.equal((await people.ended).status, 0);
    assert.match(people.stdout, /^someone\/numbers: llama, 87,\d+ parameters, 356 kB\.\n/);
    assert.match(people.stdout, /Training it takes at most \d+ MB of memory; of the .+ here that should fit\.\n/);
    assert.match(
      people.stdout,
      /someone\/numbers is here: 356 kB in .+\nIn a recipe: "base_model": "someone\/numbers"\n$/,
    );
    const programs = new Running(t, serving, id, '--json');
    assert.equal((await programs.ended).status, 0);
    assert.match(programs.stdout, /^[^\n]+\n$/);
    const model = JSON.parse(programs.stdout) as DownloadedModel;
    assert.equal(model.downloaded_bytes, 0);
    assert.equal(await findInHubCache(id, serving.cache), model.folder);
  });

  test('lists models, and says which are here', async (t) => {
    const serving = await Serving.start(t);
    const gpt2 = 'openai-community/gpt2';
    serving.server.add({ id: gpt2, files: numbers });
    await serving.download({ id: gpt2 });
    const listing = new Running(t, serving, '--list', '--json');
    assert.equal((await listing.ended).status, 0);
    const models = JSON.parse(listing.stdout) as readonly ListedModel[];
    assert.deepEqual(
      models.filter(({ folder }) => folder !== null).map((model) => model.id),
      [gpt2],
    );
    for (const { training_bytes, machine_bytes, fit } of models) {
      assert.equal(fit === 'too large', training_bytes > 0.9 * machine_bytes);
    }
  });

  test('takes a token from a file and shows it nowhere', async (t) => {
    const serving = await Serving.start(t);
    serving.server.add({ id, files: numbers, gatedTo: ['hf_reader'] });
    const refused = new Running(t, serving, id, '--json');
    assert.equal((await refused.ended).status, 1);
    assert.match(refused.stdout, /^\{"error":\{"code":"hub-model-gated"/);
    const file = path.join(serving.home, 'my-token');
    writeFileSync(file, 'hf_reader\n');
    const accepted = new Running(t, serving, id, '--token-file', file);
    assert.equal((await accepted.ended).status, 0);
    assert.doesNotMatch(accepted.stdout + accepted.stderr, /hf_reader/);
    const wrong = spawnSync(process.execPath, [path.resolve('dist/cli.js'), 'download']);
    assert.equal(wrong.status, 2);
  });

  test('stopped by Ctrl-C says how to go on', async (t) => {
    const serving = await Serving.start(t);
    const { held } = hold(serving, 200_000);
    const running = new Running(t, serving, id);
    await held;
    await running.says(/should fit/);
    running.child.kill('SIGINT');
    assert.equal((await running.ended).status, 130);
    assert.match(
      running.stderr,
      /Stopped\. [\d.]+ kB of 356 kB are kept; `lora download someone\/numbers` goes on from there\.\n$/,
    );
  });

  test('names the model that was probably meant', async (t) => {
    const running = new Running(t, await Serving.start(t), 'HuggingFace/SmolLM2-135M-Instrct');
    assert.equal((await running.ended).status, 1);
    assert.match(running.stderr, /Did you mean "HuggingFaceTB\/SmolLM2-135M-Instruct"\?/);
  });
});

describe('a process that is killed', () => {
  for (const after of [1, 100_000, 350_000]) {
    test(`after ${after} bytes of the weights leaves nothing broken, and the next goes on`, async (t) => {
      const serving = await Serving.start(t);
      const { held } = hold(serving, after);
      const running = new Running(t, serving, id);
      await held;
      running.child.kill('SIGKILL');
      await running.ended;
      assert.equal(await findInHubCache(id, serving.cache), undefined);
      const next = new Running(t, serving, id);
      assert.equal((await next.ended).status, 0, next.stderr);
      const folder = await findInHubCache(id, serving.cache);
      assert.ok(folder !== undefined);
      assert.deepEqual(readFileSync(path.join(folder, weights)), numbers.get(weights));
      await openModelFolder(folder);
    });
  }

  test('at any moment: nine kills, each a little later', async (t) => {
    const serving = await Serving.start(t);
    for (let kill = 0; kill < 9; kill++) {
      const running = new Running(t, serving, id);
      // Each request is a moment of its own: the process is killed as the next one arrives.
      const before = serving.server.requests.length;
      const wanted = before + kill + 1;
      const watch = setInterval(() => {
        if (serving.server.requests.length >= wanted) running.child.kill('SIGKILL');
      }, 1);
      await running.ended;
      clearInterval(watch);
      const folder = await findInHubCache(id, serving.cache);
      if (folder !== undefined) await openModelFolder(folder);
    }
    assert.equal((await new Running(t, serving, id).ended).status, 0);
    const folder = (await findInHubCache(id, serving.cache))!;
    for (const [name, content] of numbers) assert.deepEqual(readFileSync(path.join(folder, name)), content);
    assert.deepEqual(
      readdirSync(path.join(path.dirname(path.dirname(folder)), 'blobs')).filter((name) => name.includes('incomplete')),
      [],
    );
  });
});

test('two processes at the same time fetch a model once', async (t) => {
  const serving = await Serving.start(t);
  const { held, release } = hold(serving, 100_000);
  const first = new Running(t, serving, id);
  await held;
  const second = new Running(t, serving, id);
  await second.says(new RegExp(`Process ${first.child.pid} is fetching this model too: waiting for it\\.`));
  release();
  assert.deepEqual([(await first.ended).status, (await second.ended).status], [0, 0]);
  assert.match(second.stdout, /someone\/numbers was here already/);
  assert.equal(serving.server.requests.filter(({ address }) => address.startsWith('/repos/')).length, 1);
  assert.ok(!existsSync(path.join(serving.cache, '.locks', 'models--someone--numbers', 'lora')));
});
