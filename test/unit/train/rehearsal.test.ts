import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Failure } from '../../../src/failure/failure';
import { updateTensors, windowGradients } from '../../../src/engine/train/optimizerStep';
import { isOutOfMemory, rehearse } from '../../../src/engine/train/rehearsal';
import { copyState } from '../../../src/engine/train/state';
import { row, settings, tinyTraining, windowOf } from './job';

const short = windowOf([row(6), row(5)]);

describe('the rehearsal of the largest step', () => {
  test('changes no number of the run', async (t) => {
    const { compiled, state } = await tinyTraining(t);
    const before = copyState(state);
    assert.equal(await rehearse(compiled, state, settings, { rows: 4, length: 32 }, short), true);
    assert.deepEqual(state, before);

    const other = await tinyTraining(t);
    for (const one of [{ compiled, state }, other]) {
      const { gradients } = await windowGradients(one.compiled, one.state, settings, short);
      updateTensors(one.state, settings, gradients, short.supervisedTokens);
    }
    assert.deepEqual(state.tensors, other.state.tensors);
  });

  test('is left out where the first step is as large', async (t) => {
    const { compiled, state } = await tinyTraining(t);
    const long = windowOf([row(31), row(32), row(32), row(31)]);
    assert.equal(await rehearse(compiled, state, settings, { rows: 4, length: 32 }, long), false);
  });

  test('says what to do where memory does not suffice, and keeps other errors', async (t) => {
    const { compiled, state } = await tinyTraining(t);
    const failing = (message: string) => ({
      ...compiled,
      executable: { ...compiled.executable, run: () => Promise.reject(new Error(message)) },
    });
    const attempt = (message: string) => rehearse(failing(message), state, settings, { rows: 4, length: 32 }, short);
    await assert.rejects(
      attempt('std::bad_alloc'),
      (error) => error instanceof Failure && error.code === 'out-of-memory',
    );
    await assert.rejects(attempt('a bug'), { message: 'a bug' });
  });

  test('knows how runtimes say it', () => {
    assert.ok(isOutOfMemory(new RangeError('Array buffer allocation failed')));
    assert.ok(isOutOfMemory(new Error('Failed to allocate memory for requested buffer of size 4096')));
    assert.ok(!isOutOfMemory(new Error('Non-zero status code returned')));
  });
});
