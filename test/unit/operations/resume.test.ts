import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import { describe, test } from 'node:test';
import { adapterBytes, course, project, train } from './engine';

const dropout = { lora: { lora_dropout: 0.2 } };
const ten = { max_steps: 10, learning_rate: 1e-2, lr_scheduler_type: 'cosine', warmup_steps: 3 };

/** What makes continuing hard, one by one and all together. */
const settings: readonly [name: string, changes: Parameters<typeof project>[1]][] = [
  ['as it comes', { training: ten }],
  ['with dropout', { ...dropout, training: ten }],
  ['without packing', { ...dropout, dataset: { packing: false }, training: ten }],
  ['with accumulation', { training: { ...ten, per_device_train_batch_size: 1, gradient_accumulation_steps: 3 } }],
  ['over several epochs', { training: { ...ten, per_device_train_batch_size: 8 } }],
  ['by number of epochs', { training: { ...ten, max_steps: -1, num_train_epochs: 1.5 } }],
  ['with weight decay and without clipping', { training: { ...ten, weight_decay: 0.1, max_grad_norm: 0 } }],
  ['with whole blocks computed again', { ...dropout, training: { ...ten, gradient_checkpointing: true } }],
  ['from PiSSA', { lora: { init_lora_weights: 'pissa', lora_dropout: 0.1 }, training: ten }],
  ['with biases and saved modules', { lora: { bias: 'all', modules_to_save: ['norm'] }, training: ten }],
  [
    'with the best model kept',
    { dataset: { eval_split: 0.2 }, training: { ...ten, eval_steps: 2, save_steps: 2, load_best_model_at_end: true } },
  ],
  [
    'with everything',
    {
      ...dropout,
      dataset: { eval_split: 0.1 },
      training: {
        ...ten,
        per_device_train_batch_size: 2,
        gradient_accumulation_steps: 3,
        eval_steps: 3,
        save_steps: 2,
      },
    },
  ],
];

test('text samples on the way change no bit, and go on after a stop', async (t) => {
  const plain = await project(t, { training: ten });
  const whole = await train(plain);
  const expected = await adapterBytes(plain);
  const sampled = await project(t, { training: { ...ten, eval_steps: 4, sample_prompts: ['1 + 1 ='] } });
  const first = await train(sampled, { stopAfter: 5 });
  const rest = await train(sampled, { resume: 'latest' });
  assert.deepEqual(course(first, rest), course(whole));
  assert.deepEqual(await adapterBytes(sampled), expected);
  const samples = [...first.events, ...rest.events].flatMap((event) => (event.type === 'sample' ? [event.step] : []));
  assert.deepEqual(samples, [0, 4, 8, 10]);
});

describe('ten steps are bit for bit five, a stop, and five more', () => {
  for (const [name, changes] of settings) {
    test(name, async (t) => {
      const tiny = await project(t, changes);
      const whole = await train(tiny);
      assert.equal(whole.outcome, 'finished');
      const expected = await adapterBytes(tiny);
      await rm(tiny.output, { recursive: true });

      const first = await train(tiny, { stopAfter: 5 });
      assert.deepEqual([first.outcome, first.events.at(-1)?.type, course(first).length], ['cancelled', 'cancelled', 5]);
      const rest = await train(tiny, { resume: 'latest' });
      assert.equal(rest.outcome, 'finished');
      assert.ok(course(whole).length >= 8);
      assert.deepEqual(course(first, rest), course(whole));
      assert.deepEqual(await adapterBytes(tiny), expected);
    });
  }

  test('and the same again: nothing depends on the clock, the run or how often one stops', async (t) => {
    const tiny = await project(t, { ...dropout, training: ten });
    const whole = await train(tiny);
    const expected = await adapterBytes(tiny);
    await train(tiny, { stopAfter: 1 });
    for (let step = 2; step <= 9; step++) await train(tiny, { resume: 'latest', stopAfter: step });
    const last = await train(tiny, { resume: 'latest' });
    assert.deepEqual([course(last).length, course(whole).length], [1, 10]);
    assert.deepEqual(await adapterBytes(tiny), expected);
  });

  test('and another seed gives another adapter', async (t) => {
    const tiny = await project(t, { training: ten });
    await train(tiny);
    const one = await adapterBytes(tiny);
    await train(tiny, { set: ['training.seed=7'] });
    assert.notDeepEqual(await adapterBytes(tiny), one);
  });
});
