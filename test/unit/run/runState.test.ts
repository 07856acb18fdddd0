import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { applyEvents, emptyRun, smoothed, type RunState } from '../../../src/run/runState';
import type { Plan } from '../../../src/run/plan';
import type { StepEvent, TrainingEvent } from '../../../src/run/trainingEvent';

const plan: Plan = {
  name: 'support-bot',
  base_model: './m',
  family: 'llama',
  method: 'lora',
  adapter: { trainable_params: 64, all_params: 1064, trainable_percent: 6.015, file_bytes: 300, modules: [] },
  targets: [{ entry: 'q_proj', matches: 2 }],
  full: { trainable_params: 1000 },
  memory: { lora_bytes: 5000, full_bytes: 20000, device_bytes: null },
  data: {
    rows: 10,
    eval_rows: 1,
    tokens: 90,
    supervised_tokens: 80,
    steps_per_epoch: 3,
    total_steps: 9,
    estimated: false,
  },
  compute: {
    runtime: 'onnxruntime',
    device: 'cpu',
    device_reason: 'No other device can be used here.',
    precision: 'fp32',
    threads: 2,
    gradient_checkpointing: 'auto',
    max_length: 16,
  },
  warnings: [],
};
const started: TrainingEvent = { type: 'started', run: 'r1', folder: '/w/.lora/runs/r1', total_steps: 9 };

function step(at: number): StepEvent {
  return {
    type: 'step',
    step: at,
    epoch: at / 3,
    loss: 3 - at / 10,
    learning_rate: 1e-4,
    grad_norm: 1,
    mean_token_accuracy: 0.5,
    num_tokens: at * 30,
    tokens_per_second: 100,
    eta_seconds: 9 - at,
    memory_bytes: 1e6,
  };
}

function after(...events: readonly TrainingEvent[]): RunState {
  return applyEvents(emptyRun, events);
}

describe('the state of a run', () => {
  test('knows the plan and its length before the first step', () => {
    const run = after({ type: 'plan', ...plan });
    assert.deepEqual(run.plan, { type: 'plan', ...plan });
    assert.deepEqual([run.status, run.step, run.total_steps], ['waiting', 0, 9]);
  });

  test('collects steps, evaluations, samples, checkpoints and warnings', () => {
    const run = after(
      started,
      step(1),
      step(2),
      { type: 'eval', step: 2, epoch: 0.6, eval_loss: 2, eval_mean_token_accuracy: 0.4 },
      { type: 'sample', step: 2, prompt: 'a', text: 'b' },
      { type: 'checkpoint', step: 2, path: 'c' },
      { type: 'warning', code: 'few-rows', message: 'Few rows.', hint: null },
    );
    assert.deepEqual([run.status, run.run, run.folder, run.step], ['running', 'r1', '/w/.lora/runs/r1', 2]);
    assert.deepEqual(
      [run.steps, run.evals, run.samples, run.checkpoints, run.warnings].map((list) => list.length),
      [2, 1, 1, 1, 1],
    );
  });

  test('pauses and goes on', () => {
    assert.equal(after(started, step(1), { type: 'paused', step: 1 }).status, 'paused');
    assert.equal(after(started, step(1), { type: 'paused', step: 1 }, step(2)).status, 'running');
  });

  test('forgets what a resumed run does again', () => {
    const checkpoint: TrainingEvent = { type: 'checkpoint', step: 2, path: 'c' };
    const late: TrainingEvent = { type: 'eval', step: 3, epoch: 1, eval_loss: 2, eval_mean_token_accuracy: 0.4 };
    const stopped = after(started, step(1), step(2), checkpoint, step(3), late);
    const resumed = applyEvents(stopped, [started, { type: 'resumed', run: 'r1', step: 2, checkpoint: 'c' }]);
    assert.deepEqual(resumed.resumed_at, [2]);
    assert.deepEqual(
      applyEvents(resumed, [step(3), step(4)]).steps.map((event) => event.step),
      [1, 2, 3, 4],
    );
    assert.deepEqual([resumed.checkpoints.length, resumed.evals.length], [1, 0]);
  });

  test('keeps one text of each prompt and step, also where a run is resumed before its first step', () => {
    const sample = (text: string): TrainingEvent => ({ type: 'sample', step: 0, prompt: 'a', text });
    const resumed: TrainingEvent = { type: 'resumed', run: 'r1', step: 0, checkpoint: null };
    const run = after(started, sample('b'), started, resumed, sample('b'), {
      ...sample('c'),
      prompt: 'd',
    } as TrainingEvent);
    assert.deepEqual(
      run.samples.map(({ prompt }) => prompt),
      ['a', 'd'],
    );
  });

  test('ends finished, cancelled or failed, and a resumed run is none of these', () => {
    const finished: TrainingEvent = { type: 'finished', adapter: 'a', steps: 9, loss: 1, eval_loss: null };
    const cancelled: TrainingEvent = { type: 'cancelled', step: 3, checkpoint: 'c' };
    const failed: TrainingEvent = { type: 'error', code: 'loss-not-finite', message: 'NaN', hint: null };
    assert.deepEqual(
      [finished, cancelled, failed].map((event) => after(started, event).status),
      ['finished', 'cancelled', 'failed'],
    );
    const again = after(started, cancelled, started);
    assert.deepEqual([again.status, again.cancelled], ['running', null]);
  });

  test('keeps what an adapter changed, and starts again at step 0 where there was no checkpoint', () => {
    const proof: TrainingEvent = {
      type: 'proof',
      modules: 2,
      changed_modules: 2,
      logits_difference: 1,
      rounding: 1e-6,
    };
    assert.equal(after(started, step(1), step(2), proof).proof, proof);
    const resumed: TrainingEvent = { type: 'resumed', run: 'r1', step: 0, checkpoint: null };
    const sample: TrainingEvent = { type: 'sample', step: 0, prompt: 'a', text: 'b' };
    const again = after(started, sample, step(1), started, resumed, sample, step(1));
    assert.deepEqual([again.step, again.steps.length, again.samples.length, again.resumed_at], [1, 1, 1, [0]]);
  });

  test('leaves the former state as it was', () => {
    const before = after(started, step(1));
    applyEvents(before, [step(2), { type: 'resumed', run: 'r1', step: 0, checkpoint: null }]);
    assert.deepEqual([before.step, before.steps.length, before.resumed_at.length], [1, 1, 0]);
    assert.deepEqual(emptyRun.steps, []);
  });

  test('passes over an event that only a newer engine knows', () => {
    const unknown = { type: 'from-the-future' } as unknown as TrainingEvent;
    assert.deepEqual(after(started, unknown), after(started));
  });
});

describe('smoothed', () => {
  test('starts at the first loss and leaves a constant alone', () => {
    assert.deepEqual(smoothed([]), []);
    for (const value of smoothed([3, 3, 3])) assert.ok(Math.abs(value - 3) < 1e-12);
  });

  test('weighs the newest loss most and halves it after the half-life', () => {
    const [, second] = smoothed([0, 1], 1);
    assert.ok(Math.abs(second! - 2 / 3) < 1e-12);
  });
});
