import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { cp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, describe, test } from 'node:test';
import { chooseDevice } from '../../src/engine/devices/devices';
import { driverEnvironment, halfDriver, softwareDriver, withoutDriver, withoutHalfDriver } from './softwareDriver';
import { eventsOf, train } from '../tiny/lora';
import type { Trained } from '../tiny/lora';
import { writeJson } from '../tiny/model';
import { jsonLines, temporaryFolder, tinyRows } from '../tiny/recipe';

/** Relative difference of losses: 32-bit sums in another order, through a few steps of AdamW. */
const tolerance = 1e-3;
const data = process.env['LORA_TEST_DATA'] ?? '';

/** Trains with a software driver, whose trial is kept for the tests that follow. */
async function trainOn(
  device: string,
  recipe: string,
  settings: readonly string[],
  cache: string,
  driver = softwareDriver()!,
): Promise<Trained> {
  Object.assign(process.env, driverEnvironment(driver), { XDG_CACHE_HOME: cache });
  const set = [`engine.device=${device}`, ...settings].flatMap((setting) => ['--set', setting]);
  return train(recipe, set);
}

/** What the trial of a driver found: on a busy machine a command would not wait for it as long. */
async function tryDevice(driver: string, cache: string, withBlocks = true): Promise<void> {
  Object.assign(process.env, driverEnvironment(driver));
  if (withBlocks) process.env['LORA_TRY_BLOCKS_IN_SOFTWARE'] = 'nf4';
  else delete process.env['LORA_TRY_BLOCKS_IN_SOFTWARE'];
  const cacheFile = path.join(cache, 'lora-workbench', 'devices.json');
  await chooseDevice('webgpu', { trial: 'once', cacheFile, patience: 600_000 });
}

/** Of all tests with the same driver. */
const cache = mkdtempSync(path.join(tmpdir(), 'lora-devices-'));
after(() => rmSync(cache, { recursive: true }));

async function assertSameCourse(recipe: string, settings: readonly string[]): Promise<void> {
  await tryDevice(softwareDriver()!, cache);
  const [here, there] = [
    await trainOn('cpu', recipe, settings, cache),
    await trainOn('webgpu', recipe, settings, cache),
  ];
  assert.deepEqual([here.status, there.status], [0, 0], there.stderr);
  assert.equal(eventsOf(there, 'plan')[0]!.compute.device, 'webgpu');
  const [expected, actual] = [eventsOf(here, 'step'), eventsOf(there, 'step')];
  assert.ok(expected.length > 0 && actual.length === expected.length);
  expected.forEach(({ loss, grad_norm }, i) => {
    assert.ok(Math.abs(actual[i]!.loss - loss) <= tolerance * loss, `step ${i + 1}: ${actual[i]!.loss}, not ${loss}`);
    const norm = actual[i]!.grad_norm;
    assert.ok(
      Math.abs(norm! - grad_norm!) <= 10 * tolerance * grad_norm!,
      `step ${i + 1}: norm ${norm}, not ${grad_norm}`,
    );
  });
}

describe('a run on webgpu takes the course of the same run on the processor:', { skip: withoutDriver() }, () => {
  test('numbers', async (t) => {
    const folder = await temporaryFolder(t);
    await cp('examples/numbers', folder, { recursive: true });
    const settings = ['training.max_steps=4', 'training.sample_prompts=[]'];
    await assertSameCourse(path.join(folder, 'count-by-ten.lora.json'), settings);
  });

  test('numbers, with matrices in four bits', async (t) => {
    const folder = await temporaryFolder(t);
    await cp('examples/numbers', folder, { recursive: true });
    const settings = ['training.max_steps=2', 'training.sample_prompts=[]', 'engine.quantization=nf4'];
    await assertSameCourse(path.join(folder, 'count-by-ten.lora.json'), settings);
  });

  const stories = path.join(data, 'models', 'stories15M');
  test('stories15M', { skip: existsSync(stories) ? false : 'no stories15M in LORA_TEST_DATA' }, async (t) => {
    const folder = await temporaryFolder(t);
    const recipe = path.join(folder, 'tell.lora.json');
    await writeFile(path.join(folder, 'data.jsonl'), jsonLines(tinyRows(8)));
    await writeJson(recipe, {
      base_model: stories,
      lora: { r: 4 },
      dataset: { path: 'data.jsonl', max_length: 24, eval_split: 0, packing: false },
      training: { max_steps: 2, per_device_train_batch_size: 2, learning_rate: 1e-3, lr_scheduler_type: 'constant' },
    });
    await assertSameCourse(recipe, []);
  });
});

/** The driver by now: a test's own cache folder hides where it lies. */
const driver = withoutHalfDriver() === false ? halfDriver()! : '';
/** Relative difference of losses: 16-bit products, through a few steps of AdamW. */
const halfTolerance = 0.01;

test(
  'a run in half precision on webgpu learns as one in single precision',
  { skip: withoutHalfDriver() },
  async (t) => {
    const folder = await temporaryFolder(t);
    await cp('examples/numbers', folder, { recursive: true });
    const recipe = path.join(folder, 'count-by-ten.lora.json');
    const own = path.join(folder, 'cache');
    const steps = 3;
    const settings = [`training.max_steps=${steps}`, 'training.sample_prompts=["10 20 30"]'];
    const plain = await trainOn('cpu', recipe, settings, own, driver);
    await tryDevice(driver, own, false);
    const half = await trainOn('webgpu', recipe, [...settings, 'engine.precision=fp16'], own, driver);
    assert.deepEqual([plain.status, half.status], [0, 0], half.stderr);
    const [{ compute }] = eventsOf(half, 'plan') as [ReturnType<typeof eventsOf<'plan'>>[number]];
    assert.deepEqual([compute.device, compute.precision], ['webgpu', 'fp16']);
    const [expected, actual] = [eventsOf(plain, 'step'), eventsOf(half, 'step')];
    assert.deepEqual([expected.length, actual.length], [steps, steps]);
    const good = actual.filter(({ grad_norm }) => grad_norm !== null);
    assert.ok(good.length > 0);
    assert.equal(eventsOf(half, 'warning').filter(({ code }) => code === 'step-skipped').length, steps - good.length);
    // Once a step was skipped, it is another course.
    for (const [i, { loss, grad_norm }] of actual.entries()) {
      const wanted = expected[i]!.loss;
      assert.ok(Math.abs(loss - wanted) <= halfTolerance * wanted, `step ${i + 1}: ${loss}, not ${wanted}`);
      if (grad_norm === null) break;
    }
    assert.equal(eventsOf(half, 'proof').length, 1);
  },
);
