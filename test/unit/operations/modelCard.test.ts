import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, test } from 'node:test';
import { project, train } from './engine';

describe('the card of a trained adapter', () => {
  for (const kind of ['relative', 'absolute'] as const) {
    test(`of a base model with ${kind === 'relative' ? 'a relative' : 'an absolute'} path`, async (t) => {
      const tiny = await project(t);
      const base = kind === 'relative' ? 'model' : tiny.model;
      await train(tiny, { set: [`base_model=${base}`, 'training.max_steps=1'] });
      const card = await readFile(path.join(tiny.output, 'README.md'), 'utf8');
      assert.ok(card.includes(`base_model = ${JSON.stringify(base)}`));
      assert.equal(card.includes('relative to the folder of the recipe'), kind === 'relative');
    });
  }
});
