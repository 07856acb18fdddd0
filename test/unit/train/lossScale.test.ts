import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { TestContext } from 'node:test';
import type { TrainingEvent } from '../../../src/run/trainingEvent';
import type { Executable, Tensors } from '../../../src/engine/runtime/runtime';
import { afterGoodStep, afterOverflow, initialLossScale } from '../../../src/engine/train/lossScale';
import { copyState } from '../../../src/engine/train/state';
import type { Progress, TrainingState } from '../../../src/engine/train/state';
import { jobOf, run, tinyTraining } from './job';
import type { TinyTraining } from './job';

/** The tiny model in half precision; the gradients of the runs `spoiled`, counted from 0, have a number beyond f16's. */
async function halfTraining(t: TestContext, spoiled: readonly number[] = []): Promise<TinyTraining> {
  const { compiled, state } = await tinyTraining(t, 4, 'fp16');
  let runs = 0;
  const executable: Executable = {
    run: async (inputs) => {
      const results = await compiled.executable.run(inputs);
      return spoiled.includes(runs++) ? withInfinity(results, state) : results;
    },
    dispose: () => compiled.executable.dispose(),
  };
  return { compiled: { ...compiled, executable }, state };
}

function withInfinity(results: Tensors, { tensors }: TrainingState): Tensors {
  const name = `gradient.${tensors[1]!.name}`;
  const gradient = results[name]!;
  assert.equal(gradient.dtype, 'f32');
  const data = Float32Array.from(gradient.data);
  data[0] = Infinity;
  return { ...results, [name]: { ...gradient, dtype: 'f32', data } };
}

const values = ({ tensors }: TrainingState): readonly Float32Array[] => tensors.map((tensor) => tensor.values.slice());

function steps(events: readonly TrainingEvent[]): Extract<TrainingEvent, { type: 'step' }>[] {
  return events.filter((event) => event.type === 'step');
}

describe('the loss scale', () => {
  test('starts where PyTorch starts, halves when a step is skipped, and doubles after 2000 others', () => {
    assert.equal(initialLossScale.scale, 65536);
    let scale = afterOverflow(initialLossScale)!;
    assert.deepEqual(scale, { scale: 32768, goodSteps: 0, skippedSteps: 1 });
    for (let step = 1; step < 2000; step++) scale = afterGoodStep(scale);
    assert.deepEqual(scale, { scale: 32768, goodSteps: 1999, skippedSteps: 1 });
    assert.deepEqual(afterGoodStep(scale), { scale: 65536, goodSteps: 0, skippedSteps: 1 });
  });

  test('does not fall below 1', () => {
    assert.equal(afterOverflow({ scale: 2, goodSteps: 5, skippedSteps: 0 })?.scale, 1);
    assert.equal(afterOverflow({ scale: 1, goodSteps: 5, skippedSteps: 0 }), undefined);
  });
});

describe('training in half precision', () => {
  test('has about the losses and gradients of single precision', async (t) => {
    const plain = steps((await run(jobOf(await tinyTraining(t)).job)).events);
    const half = steps((await run(jobOf(await halfTraining(t)).job)).events);
    assert.equal(half.length, plain.length);
    half.forEach(({ loss, grad_norm, loss_scale }, i) => {
      assert.equal(loss_scale, 65536);
      assert.ok(loss !== plain[i]!.loss, 'it was computed in half precision');
      assert.ok(Math.abs(loss - plain[i]!.loss) < 2e-3 * loss, `step ${i + 1}: ${loss}, not ${plain[i]!.loss}`);
      const norm = plain[i]!.grad_norm!;
      assert.ok(Math.abs(grad_norm! - norm) < 0.02 * norm, `step ${i + 1}: ${grad_norm}, not ${norm}`);
    });
  });

  test('skips a step whose gradients are too large, and says so', async (t) => {
    const training = await halfTraining(t, [1]);
    const states: (readonly Float32Array[])[] = [];
    const { job, saved } = jobOf(training, { settings: { schedulerType: 'linear' } });
    const { events, outcome } = await run(job, ({ type }) => {
      if (type === 'step') states.push(values(training.state));
    });
    assert.equal(outcome, 'finished');
    const warning = events.find((event) => event.type === 'warning')!;
    assert.equal(warning.code, 'step-skipped');
    assert.match(warning.message, /^Step 2 was skipped: .*The loss scale is now 32768\.$/);
    const told = steps(events);
    assert.deepEqual(
      told.map(({ grad_norm, loss_scale }) => [grad_norm === null, loss_scale]),
      [
        [false, 65536],
        [true, 65536],
        [false, 32768],
        [false, 32768],
      ],
    );
    // Neither the adapter nor the schedule moved.
    assert.deepEqual(states[1], states[0]);
    assert.notDeepEqual(states[2], states[1]);
    assert.deepEqual(
      told.map(({ learning_rate }) => learning_rate),
      [0.01, 0.0075, 0.0075, 0.005],
    );
    assert.deepEqual(saved.at(-1)!.progress.lossScale, { scale: 32768, goodSteps: 2, skippedSteps: 1 });
  });

  test('counts no skipped step among those in which a layer must have had a gradient', async (t) => {
    const { outcome } = await run(jobOf(await halfTraining(t, [0, 1, 2])).job);
    assert.equal(outcome, 'finished');
  });

  test('goes on from a checkpoint as if it had not stopped', async (t) => {
    const whole = await halfTraining(t, [1, 5]);
    await run(jobOf(whole, { settings: { totalSteps: 8 } }).job);

    const { compiled, state } = await halfTraining(t, [1, 5]);
    await run(jobOf({ compiled, state }, { settings: { totalSteps: 4 } }).job);
    const stored = copyState(state);
    // As a file holds it.
    stored.progress = JSON.parse(JSON.stringify(state.progress)) as Progress;
    await run(jobOf({ compiled, state: stored }, { settings: { totalSteps: 8 } }).job);
    assert.deepEqual(values(stored), values(whole.state));
    assert.deepEqual(stored.progress.lossScale, { scale: 16384, goodSteps: 2, skippedSteps: 2 });
  });

  test('ends when no smaller scale is left, with the last good state', async (t) => {
    const all = Array.from({ length: 40 }, (_, i) => i);
    const training = await halfTraining(t, all);
    const start = values(training.state);
    const { job, saved } = jobOf(training, { settings: { totalSteps: 40 } });
    const told: TrainingEvent[] = [];
    await assert.rejects(
      run(job, (event) => told.push(event)),
      { code: 'loss-scale-collapsed', exitCode: 3, message: /^In step 17 / },
    );
    assert.equal(told.filter(({ type }) => type === 'warning').length, 16);
    assert.deepEqual(values(saved.at(-1)!), start);
  });
});
