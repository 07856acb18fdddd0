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

  test('shows the recipe as it was run and the losses as a picture, also of a run that was stopped in between', async (t) => {
    const tiny = await project(t, { dataset: { eval_split: 0.2 }, training: { eval_steps: 2 } });
    await train(tiny, { stopAfter: 3 });
    await train(tiny, { resume: 'latest' });
    const card = await readFile(path.join(tiny.output, 'README.md'), 'utf8');
    assert.ok(card.includes((await readFile(tiny.recipe, 'utf8')).trimEnd()));
    assert.match(card, /\n!\[Loss by step\]\(loss\.svg\)\n/);
    const picture = await readFile(path.join(tiny.output, 'loss.svg'), 'utf8');
    assert.match(picture, /<title>Loss from step 1 to step 4: [\d.]+ to [\d.]+<\/title>/);
    assert.equal([...picture.matchAll(/<circle /g)].length, 2);
  });

  test('sends to a merge first whoever wants to use what was trained in full', async (t) => {
    const tiny = await project(t, { lora: { modules_to_save: ['norm'] } });
    await train(tiny, { set: ['training.max_steps=2'] });
    const card = await readFile(path.join(tiny.output, 'README.md'), 'utf8');
    assert.match(card, /### vLLM, llama\.cpp, MLX, Ollama\n\nIt holds weights that were trained in full/);
    assert.doesNotMatch(card, /vllm serve/);
  });
});
