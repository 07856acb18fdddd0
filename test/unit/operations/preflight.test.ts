import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { describe, test } from 'node:test';
import type { TestContext } from 'node:test';
import { Failure } from '../../../src/failure/failure';
import { jsonLines, tinyRows, writeRecipe } from '../../tiny/recipe';
import type { TinyProject } from '../../tiny/recipe';
import { adapterBytes, engine, load, project, train } from './engine';

async function refusal(work: Promise<unknown>): Promise<Failure> {
  const outcome: unknown = await work.then(
    () => 'no failure',
    (error: unknown) => error,
  );
  assert.ok(outcome instanceof Failure, String(outcome));
  return outcome;
}

/** Every row begins with the first token twice. */
async function doubled(t: TestContext): Promise<TinyProject> {
  const tiny = await project(t);
  await writeFile(tiny.data, jsonLines(tinyRows().map(({ prompt }) => ({ text: `<s>${prompt}` }))));
  return tiny;
}

describe('before a run the same checks', () => {
  test('stop it with their first error, also in a plan', async (t) => {
    const tiny = await doubled(t);
    const loaded = await load(tiny);
    for (const work of [() => train(tiny), () => engine.plan(loaded)]) {
      const { code, place, exitCode } = await refusal(work());
      assert.deepEqual([code, place, exitCode], ['double-bos', { path: 'dataset.path' }, 1]);
    }
  });

  test('refuse a pattern that would never end before it is used', async (t) => {
    const tiny = await project(t);
    await writeRecipe(tiny, { lora: { target_modules: '((([a-z._0-9]+)+)+)+!' } });
    const loaded = await load(tiny);
    for (const work of [() => train(tiny), () => engine.plan(loaded), () => engine.tokens(loaded, 1)]) {
      const { code, place } = await refusal(work());
      assert.deepEqual([code, place], ['pattern-too-slow', { path: 'lora.target_modules' }]);
    }
  });

  test('warn of what they doubt, and train', async (t) => {
    const tiny = await project(t, { lora: { exclude_modules: ['k_proj'], rank_pattern: { up_proj: 2 } } });
    const { warnings } = await engine.plan(await load(tiny));
    assert.equal(warnings.length, 2);
    const { events, outcome } = await train(tiny);
    assert.equal(outcome, 'finished');
    assert.deepEqual(
      events.flatMap((event) => (event.type === 'warning' ? [event.message] : [])),
      warnings,
    );
  });
});

test('rows of one length and of many train the same whether the largest step was tried first', async (t) => {
  // Without packing a first step of short rows is followed by one with a long row.
  const rows = [...tinyRows(4), { prompt: 'x'.repeat(24), completion: 'y' }];
  const changes = { dataset: { packing: false, shuffle: false }, training: { max_steps: 3 } };
  const projects = await Promise.all([project(t, changes), project(t, changes)]);
  for (const tiny of projects) await writeFile(tiny.data, jsonLines(rows));
  const [whole, parts] = projects;
  await train(whole);
  // The second part begins with a rehearsal of its own, at another step.
  await train(parts, { stopAfter: 1 });
  await train(parts, { resume: 'latest' });
  assert.deepEqual(await adapterBytes(parts), await adapterBytes(whole));
});
