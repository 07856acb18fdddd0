import assert from 'node:assert/strict';
import { mkdir, readdir } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { temporaryFolder, writeTinyProject } from '../tiny/recipe';
import { TestEngine, once } from './engine';

/** ONNX Runtime's telemetry keeps a number for this computer in its user's folder, and a log where temporary files lie. */
test('an engine that trains leaves nothing but its run, and tells nobody', async (t) => {
  // It is the engine that switches it off.
  delete process.env['ORT_DISABLE_TELEMETRY'];
  const folder = await temporaryFolder(t);
  const { recipe } = await writeTinyProject(folder, { training: { max_steps: 2 } });
  const [home, temporary] = [path.join(folder, 'home'), path.join(folder, 'temporary')] as const;
  await Promise.all([home, temporary].map((each) => mkdir(each)));
  const environment = { HOME: home, USERPROFILE: home, TMPDIR: temporary, TEMP: temporary, TMP: temporary };
  const engine = new TestEngine(t, { environment });
  const run = engine.train(
    { recipeFile: recipe },
    once('step', () => undefined),
  );
  assert.equal(await run.done, 'finished');
  await engine.client.dispose();
  assert.deepEqual(await readdir(temporary), []);
  const left = await readdir(home, { recursive: true });
  assert.deepEqual(
    left.filter((name) => !name.includes('lora-workbench')),
    left.includes('.cache') ? ['.cache'] : [],
  );
});
