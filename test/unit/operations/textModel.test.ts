import assert from 'node:assert/strict';
import { cp, rm } from 'node:fs/promises';
import path from 'node:path';
import { before, describe, test } from 'node:test';
import type { TestContext } from 'node:test';
import { TextModel } from '../../../src/engine/operations/textModel';
import type { TextModelOptions, TextRequest } from '../../../src/engine/operations/textModel';
import { temporaryFolder } from '../../tiny/recipe';
import type { TinyProject } from '../../tiny/recipe';
import { project, train } from './engine';

/** Two adapters of one base, and one that replaces a norm. */
let [first, second, replacing]: TinyProject[] = [];
before(async (t) => {
  const make = async (changes: Parameters<typeof project>[1]): Promise<TinyProject> => {
    const tiny = await project(t as TestContext, changes);
    await train(tiny);
    return tiny;
  };
  first = await make({ training: { max_steps: 20 } });
  second = await make({ lora: { target_modules: 'all-linear', r: 2 }, training: { max_steps: 20, seed: 2 } });
  replacing = await make({ lora: { modules_to_save: ['norm'] }, training: { max_steps: 20 } });
});

async function opened(t: TestContext, options: Partial<TextModelOptions> = {}): Promise<TextModel> {
  const model = await TextModel.open({ baseModel: first!.model, ...options });
  t.after(() => model.close());
  return model;
}

/** A text, and the logarithm of its probability. */
interface Said {
  readonly text: string;
  readonly likelihood: number;
}

function said(model: TextModel, ...names: readonly string[]): Promise<Said> {
  return saidWith(
    model,
    names.map((name) => ({ name, weight: 1 })),
  );
}

async function saidWith(model: TextModel, adapters: TextRequest['adapters']): Promise<Said> {
  const request: TextRequest = {
    ids: model.encode('3 + 3 ='),
    adapters,
    ...{ maxNewTokens: 10, temperature: 0, topP: 1, seed: 0, ignoreEnd: true, topLogProbabilities: 0 },
  };
  const continuation = await model.generate(request);
  let likelihood = 0;
  for await (const { tokens } of continuation) for (const { logProbability } of tokens) likelihood += logProbability;
  return { text: continuation.text, likelihood };
}

function isSame(one: Said, other: Said): boolean {
  return one.text === other.text && Math.abs(one.likelihood - other.likelihood) < 1e-3;
}

describe('a model with adapters', () => {
  test('says with each what it says when it is alone', async (t) => {
    const model = await opened(t);
    const base = await said(model);
    await model.attach('first', first!.output);
    await model.attach('second', second!.output);
    await model.attach('replacing', replacing!.output);
    const names = [[], ['first'], ['second'], ['replacing'], ['first'], []];
    const together = await Promise.all(names.map((active) => said(model, ...active)));
    assert.ok(isSame(together[0]!, base) && isSame(together[5]!, base) && isSame(together[4]!, together[1]!));
    const different = together.slice(0, 4);
    different.forEach((one, i) => assert.ok(different.slice(i + 1).every((other) => !isSame(one, other))));
    for (const [i, folder] of [first!.output, second!.output, replacing!.output].entries()) {
      const alone = await opened(t);
      await alone.attach('it', folder);
      assert.ok(isSame(await said(alone, 'it'), together[i + 1]!));
    }
  });

  test('says the same with adapters that are part of its graph, alone, weighted and added up', async (t) => {
    const models = [await opened(t), await opened(t, { holdsAdapters: true })];
    for (const model of models) {
      await model.attach('first', first!.output);
      await model.attach('second', second!.output);
    }
    const sums = [
      [],
      [{ name: 'first', weight: 1 }],
      [{ name: 'first', weight: -0.5 }],
      [
        { name: 'first', weight: 0.7 },
        { name: 'second', weight: 1.5 },
      ],
    ];
    const texts: Said[] = [];
    for (const adapters of sums) {
      const [byRow, held] = await Promise.all(models.map((model) => saidWith(model, adapters)));
      assert.ok(isSame(byRow!, held!), JSON.stringify({ adapters, byRow, held }));
      assert.ok(texts.every((earlier) => !isSame(earlier, held!)));
      texts.push(held!);
    }
  });

  test('reads a text anew when another adapter takes the place of its own', async (t) => {
    for (const [one, other, holdsAdapters] of [
      [first!.output, second!.output, false],
      [first!.output, second!.output, true],
      [replacing!.output, first!.output, false],
    ] as const) {
      const model = await opened(t, { expectsAdapters: true, holdsAdapters, rows: 1 });
      await model.attach('it', one);
      const before = await said(model, 'it');
      await model.attach('it', other);
      const after = await said(model, 'it');
      const fresh = await opened(t);
      await fresh.attach('it', other);
      assert.ok(isSame(after, await said(fresh, 'it')));
      assert.ok(!isSame(after, before));
    }
  });

  test('needs no new graph for an adapter that it expects, and finishes what was begun without it', async (t) => {
    const model = await opened(t, { expectsAdapters: true });
    const writing = said(model);
    await model.attach('late', second!.output);
    assert.ok(!isSame(await said(model, 'late'), await writing));
    assert.ok(model.detach('late'));
    assert.ok(!model.detach('late'));
    await assert.rejects(said(model, 'late'), { code: 'adapter-unknown' });
  });

  test('goes on with the adapter that a text began with, when that is detached before its graph is there', async (t) => {
    for (const holdsAdapters of [false, true]) {
      const model = await opened(t, { holdsAdapters });
      await model.attach('it', replacing!.output);
      const before = await said(model, 'it');
      await model.attach('it', replacing!.output);
      const text = said(model, 'it');
      assert.ok(model.detach('it'));
      assert.ok(isSame(await text, before));
    }
  });

  test('makes no graph of adapters that are too large for one', async (t) => {
    const texts: Said[] = [];
    for (const heldBytes of [100, 1_000_000]) {
      const model = await opened(t, { holdsAdapters: true, heldBytes });
      await model.attach('it', second!.output);
      texts.push(await said(model, 'it'));
      model.detach('it');
      // A graph of its own goes with the adapter; the one for all of them stays.
      for (let turn = 0; turn < 50; turn++) await new Promise(setImmediate);
      assert.equal(model.load().cacheBytes > 0, heldBytes === 100);
    }
    assert.ok(isSame(texts[0]!, texts[1]!));
  });

  test('keeps an adapter when another one of its name cannot be attached', async (t) => {
    const model = await opened(t);
    await model.attach('it', first!.output);
    const before = await said(model, 'it');
    const broken = path.join(await temporaryFolder(t), 'adapter');
    await cp(first!.output, broken, { recursive: true, filter: (file) => !file.endsWith('.safetensors') });
    await assert.rejects(model.attach('it', broken), { code: 'adapter-weights-missing' });
    assert.ok(isSame(await said(model, 'it'), before));
  });

  test('tells what it does while a graph is being compiled, and when that fails', async (t) => {
    const model = await opened(t);
    const broken = path.join(await temporaryFolder(t), 'adapter');
    await cp(replacing!.output, broken, { recursive: true });
    await model.attach('replacing', replacing!.output);
    await model.attach('broken', broken);
    await rm(broken, { recursive: true });
    const texts = ['replacing', 'broken'].map((name) => said(model, name));
    assert.deepEqual(model.load(), { active: 0, waiting: 2, cacheBytes: 0, readTokens: 0 });
    await assert.rejects(texts[1]!);
    await texts[0];
    const { cacheBytes, readTokens, ...counts } = model.load();
    assert.deepEqual(counts, { active: 0, waiting: 0 });
    assert.ok(cacheBytes > 0 && readTokens > 0);
    model.detach('replacing');
    while (model.load().cacheBytes > 0) await new Promise(setImmediate);
  });

  test('makes room for no more than it is told to expect', async (t) => {
    const model = await opened(t);
    assert.equal(model.maxLength, 64);
    const whole = await said(await opened(t));
    model.expectAtMost(18);
    assert.equal(model.maxLength, 18);
    assert.ok(isSame(await said(model), whole));
  });

  test('refuses a prompt that leaves no room', async (t) => {
    const model = await opened(t, { maxLength: 10 });
    const request = { adapters: [], maxNewTokens: 5, temperature: 0, topP: 1, seed: 0 };
    await assert.rejects(model.generate({ ...request, ids: new Int32Array(10).fill(5) }), { code: 'prompt-too-long' });
    const text = await model.generate({ ...request, ids: new Int32Array(9).fill(5), ignoreEnd: true });
    await text.whole();
    assert.deepEqual([text.count, text.finishReason], [1, 'length']);
  });
});
