import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { formatCount } from '../../../src/run/format';
import { applyEvents, emptyRun } from '../../../src/run/runState';
import type { RunState } from '../../../src/run/runState';
import type { TrainingEvent } from '../../../src/run/trainingEvent';
import { changesOf } from '../../../src/views/dashboard/changes';
import { plan, started } from './events';

const sample = (step: number, text: string, prompt = '9,'): TrainingEvent => ({ type: 'sample', step, prompt, text });
const evaluated = (step: number, eval_loss: number): TrainingEvent => {
  return { type: 'eval', step, epoch: 1, eval_loss, eval_mean_token_accuracy: 0.5 };
};
const proof = (logits_difference: number, changed_modules = 14): TrainingEvent => {
  return { type: 'proof', modules: 14, changed_modules, logits_difference, rounding: 1e-5 };
};

function finishedRun(eval_loss: number | null, ...events: readonly TrainingEvent[]): RunState {
  const finished: TrainingEvent = { type: 'finished', adapter: '/w/adapters/a', steps: 150, loss: 0.25, eval_loss };
  return applyEvents(emptyRun, [{ type: 'plan', ...plan }, started('/w/r', 150), ...events, finished]);
}

describe('what a run changed', () => {
  test('is not known before it is finished', () => {
    assert.equal(changesOf(applyEvents(emptyRun, [sample(0, ' 10'), sample(50, ' 19')]), 4), undefined);
  });

  test('is what the model wrote before and at the end, prompt by prompt', () => {
    const run = finishedRun(null, sample(0, ' 10'), sample(0, ' 5', '4,'), sample(50, ' 11'), sample(150, ' 19'));
    assert.deepEqual(changesOf(run, undefined)!.texts, [{ prompt: '9,', before: ' 10', after: ' 19' }]);
  });

  test('says nothing of a time before that was not looked at', () => {
    const run = finishedRun(null, sample(50, ' 11'));
    assert.deepEqual(changesOf(run, undefined), {
      proof: [],
      numbers: [],
      texts: [{ prompt: '9,', before: null, after: ' 11' }],
    });
  });

  test('is of the state that was saved, where that is not the last one', () => {
    const run = finishedRun(0.5, evaluated(50, 1), sample(50, ' 11'), evaluated(100, 0.5), sample(100, ' 19'), evaluated(150, 0.7), sample(150, ' 20')); // prettier-ignore
    const { texts, numbers } = changesOf({ ...run, finished: { ...run.finished!, best_step: 100 } }, 4)!;
    assert.equal(texts[0]?.after, ' 19');
    assert.deepEqual(numbers, [
      { label: 'Loss on what it learns', before: '4.000', after: '0.2500' },
      { label: 'Loss on rows it never saw', before: '1.000 (step 50)', after: '0.5000' },
    ]);
  });

  test('is said in words: how many layers, and how much', () => {
    for (const [moved, words] of [
      [0.01, 'hardly to be noticed in what the model writes'],
      [0.5, 'a slight change'],
      [2, 'a clear change'],
      [12, 'a strong change'],
    ] as const) {
      const [layers, scores] = changesOf(finishedRun(null, proof(moved)), undefined)!.proof;
      assert.equal(layers, 'All 14 trained layers are different now.');
      assert.ok(scores!.includes(`: ${words}, `), scores);
      assert.ok(scores!.endsWith(`, ${formatCount(moved / 1e-5)} times what rounding alone could do.`), scores);
    }
    assert.match(changesOf(finishedRun(null, proof(1, 13)), undefined)!.proof[0]!, /^13 of 14 trained layers/);
  });
});
