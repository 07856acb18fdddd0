import assert from 'node:assert/strict';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { openBaseModel } from '../../../src/engine/facts/baseModel';
import { Failure } from '../../../src/failure/failure';

describe('a base model whose configuration is wrong', () => {
  let folder = '';
  before(async () => {
    folder = await mkdtemp(path.join(os.tmpdir(), 'lora-base-'));
    await cp('examples/numbers/model', folder, { recursive: true });
  });
  after(() => rm(folder, { recursive: true, force: true }));

  for (const [code, change] of [
    ['model-type-unsupported', { model_type: 'whisper-of-the-heart' }],
    ['model-config-invalid', { hidden_size: 'big' }],
  ] as const) {
    test(`names the path of that config.json: ${code}`, async () => {
      const file = path.join(folder, 'config.json');
      const original = await readFile(file, 'utf8');
      await writeFile(file, JSON.stringify({ ...(JSON.parse(original) as object), ...change }));
      await assert.rejects(openBaseModel(folder, os.tmpdir()), (error) => {
        assert.ok(error instanceof Failure, String(error));
        assert.equal(error.code, code);
        assert.equal(error.place?.file, file);
        assert.equal(error.place.path, Object.keys(change)[0]);
        assert.match(error.hint ?? '', /\.$/);
        return true;
      });
      await writeFile(file, original);
    });
  }
});
