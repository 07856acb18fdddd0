import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { TrainingEvent } from '../../../src/run/trainingEvent';
import { Failure } from '../../../src/failure/failure';
import type { Evaluated } from '../../../src/engine/train/state';
import { endless, jobOf, row, run, tinyTraining, windowOf } from './job';

const types = (events: readonly TrainingEvent[]): string => events.map(({ type }) => type).join(' ');

function steps(events: readonly TrainingEvent[]): Extract<TrainingEvent, { type: 'step' }>[] {
  return events.filter((event) => event.type === 'step');
}

/** An evaluation that finds these losses one after the other. */
function evaluations(...losses: number[]): () => Promise<Evaluated> {
  return () => Promise.resolve({ loss: losses.shift()!, accuracy: 0.5 });
}

async function failure(work: Promise<unknown>): Promise<Failure> {
  const outcome: unknown = await work.then(
    () => 'no failure',
    (error: unknown) => error,
  );
  assert.ok(outcome instanceof Failure, String(outcome));
  return outcome;
}

describe('the training loop', () => {
  test('tells of every step and ends with a checkpoint', async (t) => {
    const { job, saved } = jobOf(await tinyTraining(t), { settings: { schedulerType: 'linear' } });
    const { events, outcome } = await run(job);
    assert.equal(outcome, 'finished');
    assert.equal(types(events), 'step step step step checkpoint');
    const told = steps(events);
    assert.deepEqual(
      told.map(({ step }) => step),
      [1, 2, 3, 4],
    );
    assert.deepEqual(
      told.map(({ num_tokens }) => num_tokens),
      [20, 40, 60, 80],
    );
    assert.deepEqual(
      told.map(({ learning_rate }) => learning_rate),
      [0.01, 0.0075, 0.005, 0.0025],
    );
    assert.deepEqual(
      told.map(({ epoch }) => epoch),
      [0.25, 0.25, 0.25, 0.25],
    );
    for (const { loss, grad_norm, mean_token_accuracy } of told) {
      assert.ok(loss > 2 && loss < 8 && grad_norm! > 0 && mean_token_accuracy >= 0 && mean_token_accuracy <= 1);
    }
    assert.deepEqual(
      saved.map(({ progress }) => progress.step),
      [4],
    );
  });

  test('learns what it sees again and again', async (t) => {
    const windows = endless(() => windowOf([row(10)]));
    const { job } = jobOf(await tinyTraining(t), { windows, settings: { totalSteps: 40, learningRate: 0.05 } });
    const told = steps((await run(job)).events);
    assert.ok(told.at(-1)!.loss < 0.5 * told[0]!.loss, `${told[0]!.loss} → ${told.at(-1)!.loss}`);
  });

  test('counts rows that wait to be packed as not yet seen', async (t) => {
    const window = { ...windowOf([row(8)]), cursor: { epoch: 2, consumed: 8, pending: [3, 5, 6, 7] }, epoch: 2 };
    const ending = { ...window, endOfEpoch: true, cursor: { epoch: 3, consumed: 0, pending: [] } };
    const windows = endless((step) => (step === 0 ? window : ending));
    const { job } = jobOf(await tinyTraining(t), { windows, settings: { totalSteps: 2 } });
    assert.deepEqual(
      steps((await run(job)).events).map(({ epoch }) => epoch),
      [2.5, 3],
    );
  });

  test('gives the same result whether rows are computed together or one after the other', async (t) => {
    // Too long to share a line of 32, and with unequal numbers of targets.
    const rows = [row(17, 2, 1), row(20, 15, 2), row(19, 1, 3), row(32, 31, 4)];
    const results = [];
    for (const batchSize of [4, 1]) {
      const training = await tinyTraining(t, batchSize);
      const { job } = jobOf(training, { windows: endless(() => windowOf(rows)) });
      results.push({ training, told: steps((await run(job)).events) });
    }
    const [together, apart] = results as [(typeof results)[0], (typeof results)[0]];
    together.told.forEach(({ loss, grad_norm }, i) => {
      assert.ok(Math.abs(loss - apart.told[i]!.loss) < 1e-5 * loss);
      assert.ok(Math.abs(grad_norm! - apart.told[i]!.grad_norm!) < 1e-4 * grad_norm!);
    });
    // The number of micro-batches did differ.
    const windowed = windowOf(rows);
    assert.equal(apart.training.compiled.layOut(windowed).length, 4);
    assert.ok(together.training.compiled.layOut(windowed).length < 4);
  });

  test('evaluates and stores a checkpoint as often as it is told, and at the end', async (t) => {
    const { job, saved } = jobOf(await tinyTraining(t), {
      evaluate: evaluations(4, 3, 2),
      settings: { totalSteps: 5, evalSteps: 2, saveSteps: 3 },
    });
    const { events } = await run(job);
    assert.equal(types(events), 'step step eval step checkpoint step eval step eval checkpoint');
    assert.deepEqual(
      saved.map(({ progress }) => [progress.step, progress.lastEval?.loss]),
      [
        [3, 4],
        [5, 2],
      ],
    );
  });
});

describe('early stopping', () => {
  const early = { totalSteps: 20, evalSteps: 1, earlyStoppingPatience: 2 };

  test('ends the run when so many evaluations have not improved, with a checkpoint', async (t) => {
    const { job, saved } = jobOf(await tinyTraining(t), {
      evaluate: evaluations(4, 3, 3.5, 2, 2, 2.5),
      settings: early,
    });
    const { events, outcome } = await run(job);
    assert.equal(outcome, 'finished');
    assert.deepEqual([steps(events).length, types(events.slice(-1))], [6, 'checkpoint']);
    assert.deepEqual(saved.at(-1)!.progress.best, { step: 4, loss: 2 });
  });

  test('does not begin again when the run goes on', async (t) => {
    const training = await tinyTraining(t);
    await run(jobOf(training, { evaluate: evaluations(1, 2, 3), settings: early }).job);
    const { events, outcome } = await run(jobOf(training, { settings: early }).job);
    assert.deepEqual([events, outcome], [[], 'finished']);
  });

  test('with load_best_model_at_end stores what was best when it was', async (t) => {
    const { job, saved } = jobOf(await tinyTraining(t), {
      evaluate: evaluations(4, 3, 5, 6),
      settings: { evalSteps: 1, loadBestModelAtEnd: true },
    });
    await run(job);
    assert.deepEqual(
      saved.map(({ progress }) => progress.step),
      [1, 2, 4],
    );
  });
});

describe('a run that is asked to stop', () => {
  test('stops after its step, with a checkpoint', async (t) => {
    const stop = new AbortController();
    const { job, saved } = jobOf(await tinyTraining(t), { signal: stop.signal, settings: { totalSteps: 100 } });
    const { events, outcome } = await run(job, (event) => {
      if (event.type === 'step' && event.step === 2) stop.abort();
    });
    assert.equal(outcome, 'cancelled');
    assert.deepEqual(events.at(-1), { type: 'cancelled', step: 2, checkpoint: 'step-2' });
    assert.deepEqual(
      saved.map(({ progress }) => progress.step),
      [2],
    );
  });

  test('before its first step has nothing to lose', async (t) => {
    const { job } = jobOf(await tinyTraining(t), { signal: AbortSignal.abort() });
    assert.deepEqual(await run(job), {
      events: [{ type: 'cancelled', step: 0, checkpoint: 'step-0' }],
      outcome: 'cancelled',
    });
  });

  test('does not wait for an evaluation, and begins with it when it goes on', async (t) => {
    const training = await tinyTraining(t);
    const stop = new AbortController();
    const endlessEvaluation = (signal: AbortSignal): Promise<Evaluated> =>
      new Promise((_, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason as Error));
        setImmediate(() => stop.abort());
      });
    const first = jobOf(training, { evaluate: endlessEvaluation, signal: stop.signal, settings: { evalSteps: 2 } });
    const stopped = await run(first.job);
    assert.deepEqual([types(stopped.events), stopped.outcome], ['step step cancelled', 'cancelled']);

    const second = jobOf(training, { evaluate: evaluations(3, 2), settings: { evalSteps: 2, saveSteps: 2 } });
    const rest = await run(second.job);
    assert.equal(types(rest.events), 'eval checkpoint step step eval checkpoint');
    assert.deepEqual(rest.events[0], {
      ...{ type: 'eval', step: 2, epoch: 0.25, eval_loss: 3, eval_mean_token_accuracy: 0.5 },
    });
  });

  test('in the evaluation after its last step is not finished yet', async (t) => {
    const stop = new AbortController();
    const evaluate = (signal: AbortSignal): Promise<Evaluated> => {
      stop.abort();
      signal.throwIfAborted();
      return Promise.reject(new Error('not reached'));
    };
    const { job } = jobOf(await tinyTraining(t), { evaluate, signal: stop.signal, settings: { totalSteps: 2 } });
    const { events, outcome } = await run(job);
    assert.deepEqual([types(events), outcome], ['step step cancelled', 'cancelled']);
  });
});

describe('a run that goes wrong', () => {
  test('with a loss that is not finite stops and keeps the state before the update that broke it', async (t) => {
    const training = await tinyTraining(t);
    const start = training.state.tensors.map(({ values }) => values.slice());
    const { job, saved } = jobOf(training, { settings: { learningRate: 1e38 } });
    const { code, exitCode, hint } = await failure(run(job));
    assert.deepEqual([code, exitCode], ['training-diverged', 3]);
    assert.match(hint ?? '', /step-0.*learning_rate/);
    assert.deepEqual(saved.length, 1);
    assert.equal(saved[0]!.progress.step, 0);
    assert.deepEqual(
      saved[0]!.tensors.map(({ values }) => values),
      start,
    );
    assert.ok(saved[0]!.tensors.every(({ moments }) => moments.first.every((value) => value === 0)));
  });

  test('with an evaluation loss that is not finite keeps the state before the last update', async (t) => {
    const { job, saved } = jobOf(await tinyTraining(t), {
      evaluate: evaluations(2, Number.NaN),
      settings: { evalSteps: 2 },
    });
    const { code, message } = await failure(run(job));
    assert.equal(code, 'training-diverged');
    assert.match(message, /step 4 .*evaluation rows/);
    assert.deepEqual(
      saved.map(({ progress }) => progress.step),
      [3],
    );
  });

  test('because a layer has no gradient says which one after two steps', async (t) => {
    // In a row of two tokens the only prediction looks at one position: no query can change where it looks.
    const windows = endless(() => windowOf([row(2)]));
    const { job } = jobOf(await tinyTraining(t), { windows });
    const told: TrainingEvent[] = [];
    const { code, exitCode, message } = await failure(run(job, (event) => told.push(event)));
    assert.deepEqual([code, exitCode, types(told)], ['adapter-without-gradient', 3, 'step']);
    assert.match(message, /layers\.0\.self_attn\.q_proj/);
    assert.doesNotMatch(message, /v_proj/);
  });

  test('because an evaluation fails says why', async (t) => {
    const evaluate = (): Promise<Evaluated> => Promise.reject(new Failure('dataset-row-invalid', 'Line 3 is wrong.'));
    const { job } = jobOf(await tinyTraining(t), { evaluate });
    assert.equal((await failure(run(job))).code, 'dataset-row-invalid');
  });
});
