import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, test } from 'node:test';
import { Failure } from '../../src/failure/failure';
import type { ProposeParams } from '../../src/run/proposal';
import { temporaryFolder, writeTinyProject } from '../tiny/recipe';
import { TestEngine } from './engine';

function paramsOf(folder: string, baseModel = './model'): ProposeParams {
  return { recipeFile: path.join(folder, 'new.lora.json'), baseModel, dataset: './train.jsonl', columns: {} };
}

describe('an engine process', () => {
  test('describes models and data, and proposes values with reasons', async (t) => {
    const { folder, model, data } = await writeTinyProject(await temporaryFolder(t));
    const { client } = new TestEngine(t, { environment: { HF_HUB_CACHE: path.join(folder, 'hub') } });
    const [described] = await client.describeModels({ folders: [model], withCache: true });
    assert.equal(described?.isUsable, true);
    const [dataset] = await client.describeDatasets([data]);
    assert.equal(dataset?.words, '24 rows of prompt, completion (questions and answers)');
    const { values } = await client.propose(paramsOf(folder));
    const length = values.find(({ key }) => key === 'dataset.max_length');
    assert.deepEqual(length, {
      key: 'dataset.max_length',
      value: 24,
      reason: 'The longest row has 19 tokens; 24 holds it.',
    });
  });

  test('says what is wrong with the model as the command line does, and goes on', async (t) => {
    const { folder } = await writeTinyProject(await temporaryFolder(t));
    const { client } = new TestEngine(t);
    await assert.rejects(client.propose(paramsOf(folder, './nowhere')), (error) => {
      assert.ok(error instanceof Failure);
      assert.equal(error.code, 'model-missing');
      assert.match(error.hint ?? '', /config\.json/);
      return true;
    });
    assert.ok((await client.propose(paramsOf(folder))).values.length > 0);
  });

  test('lets a proposal be given up, and proposes again', async (t) => {
    const { folder } = await writeTinyProject(await temporaryFolder(t));
    await writeFile(path.join(folder, 'train.jsonl'), '{"text": "a b c d e f"}\n'.repeat(5000));
    const { client } = new TestEngine(t);
    const stop = new AbortController();
    const given = client.propose(paramsOf(folder), stop.signal);
    stop.abort();
    await assert.rejects(given, { code: 'look-cancelled' });
    assert.ok((await client.propose(paramsOf(folder), new AbortController().signal)).values.length > 0);
  });
});
