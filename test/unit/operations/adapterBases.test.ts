import assert from 'node:assert/strict';
import { rename, symlink } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { describeAdapters } from '../../../src/engine/operations/describeAdapters';
import { onePathOf } from '../../../src/engine/operations/merge/baseOfAdapter';
import { Playground } from '../../../src/engine/operations/playground/playground';
import { families } from '../../../src/host/serving/families';
import { writeTinyAdapter } from '../../tiny/adapter';
import { writeTinyModel } from '../../tiny/model';
import { temporaryFolder } from '../../tiny/recipe';

test('a base model with two names is one, for those who try and for those who serve', async (t) => {
  const folder = await temporaryFolder(t);
  const [model, link] = [path.join(folder, 'model-v2'), path.join(folder, 'model')];
  await writeTinyModel(model);
  await symlink(model, link, 'junction');
  const adapters = [path.join(folder, 'by-link'), path.join(folder, 'by-name')] as const;
  await writeTinyAdapter(adapters[0], link);
  await writeTinyAdapter(adapters[1], model);

  const described = await describeAdapters(adapters);
  assert.deepEqual(
    families(described).map(({ folders }) => folders),
    [[...adapters]],
  );
  const playground = new Playground();
  for (const baseModel of [model, link]) {
    const found = await playground.adapters({ baseModel, folders: adapters });
    assert.deepEqual(
      found.map(({ isOfBase }) => isOfBase),
      [true, true],
    );
  }
  // It is still a path that opens.
  assert.equal(
    (await playground.open({ baseModel: described[0]!.base!.path, adapter: null })).path,
    await onePathOf(link),
  );
  await playground.close();
});

test('a GGUF file that the hub keeps under a hash stays what its name says', async (t) => {
  const folder = await temporaryFolder(t);
  const [blob, file] = [path.join(folder, '3f2a'), path.join(folder, 'model.gguf')];
  await writeTinyModel(folder);
  await rename(path.join(folder, 'config.json'), blob);
  await symlink(blob, file);
  assert.equal(await onePathOf(file), file);
});
