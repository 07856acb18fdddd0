import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, test } from 'node:test';
import type { TestContext } from 'node:test';
import { openBaseModel } from '../../../src/engine/facts/baseModel';
import type { AdapterConfig } from '../../../src/engine/formats/adapterConfig';
import { readAdapterFolder } from '../../../src/engine/formats/adapterFolder';
import { mergedDelta } from '../../../src/engine/lora/merge';
import { attach, attachAll } from '../../../src/engine/operations/attached';
import type { Attached } from '../../../src/engine/operations/attached';
import { combineAdapters } from '../../../src/engine/operations/combine/combineAdapters';
import { floats } from '../../../src/engine/runtime/runtime';
import type { CombinedAdapter, CombineRequest } from '../../../src/run/combine';
import { writeTinyAdapter } from '../../tiny/adapter';
import { writeTinyModel } from '../../tiny/model';
import { temporaryFolder } from '../../tiny/recipe';
import { failsWith } from '../formats/scratch';

interface Tiny {
  readonly folder: string;
  readonly base: string;
  readonly request: CombineRequest;
}

/** A tiny model with two adapters, `a` and `b`. */
async function tiny(t: TestContext, a: Partial<AdapterConfig>, b: Partial<AdapterConfig>): Promise<Tiny> {
  const folder = await temporaryFolder(t);
  const base = path.join(folder, 'model');
  await writeTinyModel(base);
  await writeTinyAdapter(path.join(folder, 'a'), base, a, 1);
  await writeTinyAdapter(path.join(folder, 'b'), base, b, 2);
  const adapters = [
    { folder: path.join(folder, 'a'), weight: 0.5 },
    { folder: path.join(folder, 'b'), weight: -1.5 },
  ];
  const output = path.join(folder, 'both');
  return {
    folder,
    base,
    request: { adapters, baseModel: null, combinationType: 'cat', svdRank: null, output, overwrite: false },
  };
}

async function combined(request: CombineRequest): Promise<CombinedAdapter> {
  const ended = await combineAdapters(request, () => undefined, new AbortController().signal);
  assert.equal(ended.outcome, 'finished');
  return ended.adapter;
}

/** What an adapter adds to each weight. */
function deltas({ adapter, tensors }: Attached): Map<string, Float32Array> {
  return new Map(
    adapter.targets.map((target) => {
      const own = adapter.trainables.filter((one) => one.target?.path === target.path);
      const [A, B] = own.map(({ name }) => floats(tensors, name));
      return [target.path, mergedDelta(target, A!, B!)];
    }),
  );
}

/** How far two adapters' changes lie apart, as a share of the first one's. */
function distance(one: Map<string, Float32Array>, other: Map<string, Float32Array>): number {
  assert.deepEqual([...other.keys()].sort(), [...one.keys()].sort());
  let [square, lost] = [0, 0];
  for (const [name, delta] of one) {
    delta.forEach((value, i) => {
      square += value ** 2;
      lost += (value - other.get(name)![i]!) ** 2;
    });
  }
  return Math.sqrt(lost / square);
}

describe('lora combine', () => {
  test('cat writes an adapter that does what both do together, embeddings and rsLoRA included', async (t) => {
    const { base, request } = await tiny(
      t,
      { use_rslora: true, target_modules: ['q_proj', 'embed_tokens'] },
      { r: 3, target_modules: ['q_proj', 'down_proj'], rank_pattern: { down_proj: 5 } },
    );
    const made = await combined(request);
    assert.deepEqual([made.rank, made.modules, made.relative_difference], [9, 5, 0]);
    assert.match(made.notes.join(' '), /exactly/);
    const opened = await openBaseModel(base, '.');
    const sum = deltas((await attachAll(opened, request.adapters))!);
    assert.ok(distance(sum, deltas(await attach(opened, request.output, 1))) < 1e-6);
    const { config, tensors } = await readAdapterFolder(request.output);
    assert.deepEqual([config.r, config.lora_alpha, config.use_rslora], [9, 9, false]);
    assert.deepEqual((config.target_modules as string[]).toSorted(), ['down_proj', 'embed_tokens', 'q_proj']);
    // As PEFT stores it.
    assert.ok(tensors.has('model.embed_tokens.weight'));
    const card = await readFile(path.join(request.output, 'README.md'), 'utf8');
    assert.match(card, /- `b` with a weight of -1\.5/);
    assert.match(card, /does exactly what their weighted sum does/);
    assert.match(card, /### Transformers and PEFT/);
  });

  test('svd keeps the rank and says what is lost; a rank that is large enough loses nothing', async (t) => {
    const { base, request, folder } = await tiny(t, {}, { target_modules: ['q_proj'], r: 2, lora_alpha: 4 });
    const opened = await openBaseModel(base, '.');
    const sum = deltas((await attachAll(opened, request.adapters))!);
    for (const [svdRank, rank] of [
      [null, 4],
      [1, 1],
      [6, 6],
    ] as const) {
      const output = path.join(folder, `rank-${rank}`);
      const made = await combined({ ...request, combinationType: 'svd', svdRank, output });
      assert.equal(made.rank, rank);
      const apart = distance(sum, deltas(await attach(opened, output, 1)));
      assert.ok(Math.abs(apart - made.relative_difference) < 1e-5, `${apart} ${made.relative_difference}`);
      assert.equal(made.relative_difference === 0, rank === 6);
    }
  });

  test('linear wants equal ranks and says that it is none of the sums', async (t) => {
    const { base, request } = await tiny(t, {}, { target_modules: ['q_proj'] });
    const made = await combined({ ...request, combinationType: 'linear' });
    assert.ok(made.relative_difference > 0.1);
    assert.match(made.notes.join(' '), /differs from the weighted sum .* "linear" adds up A and B/);
    const opened = await openBaseModel(base, '.');
    const sum = deltas((await attachAll(opened, request.adapters))!);
    const apart = distance(sum, deltas(await attach(opened, request.output, 1)));
    assert.ok(Math.abs(apart - made.relative_difference) < 1e-5);
    for (const config of [{ r: 2 }, { rank_pattern: { q_proj: 2 } }]) {
      const uneven = await tiny(t, {}, config);
      await failsWith('ranks-not-linear', combined({ ...uneven.request, combinationType: 'linear' }));
    }
  });

  test('refuses what no sum of updates can hold, and places that are taken', async (t) => {
    const { request, folder, base } = await tiny(t, {}, { modules_to_save: ['lm_head'] });
    await failsWith('adapter-not-summable', combined(request));
    for (const output of [base, path.join(folder, 'a'), folder]) {
      await failsWith('export-output-taken', combined({ ...request, output, overwrite: true }));
    }
    const one = { ...request, adapters: request.adapters.slice(0, 1) };
    await combined(one);
    await failsWith('export-output-exists', combined(one));
    await combined({ ...one, combinationType: 'svd', svdRank: 2, overwrite: true });
    assert.equal((await readAdapterFolder(one.output)).config.r, 2);
  });

  test('names the base model that it was made for, wherever it lies', async (t) => {
    const { request, folder, base } = await tiny(t, {}, {});
    const named = async (changes: Partial<CombineRequest>): Promise<string | null> => {
      const { output } = await combined({ ...request, overwrite: true, ...changes });
      return (await readAdapterFolder(output)).config.base_model_name_or_path;
    };
    for (const [name, says] of [
      ['model', base],
      [base, base],
    ] as const) {
      await writeTinyAdapter(path.join(folder, 'c'), base, { base_model_name_or_path: name }, 3);
      const adapters = [{ folder: path.join(folder, 'c'), weight: 1 }];
      assert.equal(await named({ adapters }), says);
      // From another folder a relative path would lead elsewhere.
      assert.equal(await named({ adapters, output: path.join(folder, 'deep', 'er', 'c') }), says);
    }
    const other = path.join(folder, 'other');
    await writeTinyModel(other);
    assert.equal(await named({ baseModel: other }), other);
  });

  test('refuses a rank that would hold zeros, and finds out first whether it can write', async (t) => {
    const { request, folder } = await tiny(t, {}, { r: 2 });
    const svd = { ...request, combinationType: 'svd' as const };
    const tooLarge = await failsWith('svd-rank-too-large', combined({ ...svd, svdRank: 7 }));
    assert.match(tooLarge.hint!, /--svd-rank 6 at most/);
    const foreign = path.join(folder, 'foreign');
    await mkdir(foreign);
    await writeFile(path.join(foreign, 'letter.txt'), 'x');
    let layers = 0;
    const ended = combineAdapters(
      { ...svd, output: foreign, overwrite: true },
      () => layers++,
      new AbortController().signal,
    );
    await failsWith('output-holds-other-files', ended);
    assert.equal(layers, 0);
  });

  test('leaves nothing behind when it is stopped', async (t) => {
    const { request, folder } = await tiny(t, {}, {});
    const controller = new AbortController();
    const ended = await combineAdapters(
      request,
      (done) => {
        if (done === 1) controller.abort();
      },
      controller.signal,
    );
    assert.deepEqual(ended, { outcome: 'cancelled' });
    assert.deepEqual((await readdir(folder)).sort(), ['a', 'b', 'model']);
  });
});
