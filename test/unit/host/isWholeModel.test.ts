import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { isWholeModel } from '../../../src/host/models/isWholeModel';
import { temporaryFolder } from '../../tiny/recipe';

test('what a run of all weights wrote is a model, and what LoRA wrote is an adapter', async (t) => {
  const folder = await temporaryFolder(t);
  const made = async (name: string, ...files: readonly string[]): Promise<string> => {
    const place = path.join(folder, name);
    await mkdir(place);
    for (const file of files) await writeFile(path.join(place, file), '{}');
    return place;
  };
  assert.equal(await isWholeModel(await made('model', 'config.json', 'model.safetensors')), true);
  assert.equal(await isWholeModel(await made('adapter', 'adapter_config.json')), false);
  assert.equal(await isWholeModel(await made('both', 'config.json', 'adapter_config.json')), false);
  assert.equal(await isWholeModel(path.join(folder, 'gone')), false);
});
