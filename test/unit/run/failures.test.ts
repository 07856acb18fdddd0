import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  errorEvent,
  noRunToResume,
  outputInUse,
  recipeDiffersFromRun,
  runIsActive,
  unknownRun,
} from '../../../src/run/failures';

test('a failure becomes the error event of its run', () => {
  const failure = unknownRun('r9', ['r1', 'r2']);
  assert.deepEqual(errorEvent(failure), {
    type: 'error',
    code: 'unknown-run',
    message: 'There is no run "r9".',
    hint: 'Runs of this recipe: r1, r2. `lora runs` lists all.',
  });
});

test('every failure says what to do next and exits with 1', () => {
  for (const failure of [
    noRunToResume('a.lora.json'),
    unknownRun('r', []),
    recipeDiffersFromRun(['lora.r'], 'r'),
    runIsActive('r', { pid: 7, lock: '/l' }),
    outputInUse('/adapters/a', { pid: 7, lock: '/lock' }),
  ]) {
    assert.match(failure.message, /\.$/);
    assert.match(failure.hint ?? '', /\S/);
    assert.equal(failure.exitCode, 1);
  }
});

test('a changed recipe is refused with the keys that differ', () => {
  const failure = recipeDiffersFromRun(['lora.r', 'training.seed'], 'r1');
  assert.match(failure.message, /`lora\.r`, `training\.seed`/);
  assert.deepEqual(failure.place, { path: 'lora.r' });
});

test('an output in use is told with what is known about the run that has it', () => {
  const [output, lock, pid] = ['/adapters/a', '/lock', 7];
  const known = outputInUse(output, { pid, lock, run: 'r1', step: 40 });
  assert.equal(known.message, 'Run r1 (process 7, at step 40) is training into /adapters/a right now.');
  assert.doesNotMatch(known.hint ?? '', /delete/);
  const begun = outputInUse(output, { pid, lock, run: 'r1' });
  assert.equal(begun.message, 'Run r1 (process 7) is training into /adapters/a right now.');
  const unknown = outputInUse(output, { pid, lock, host: 'other' });
  assert.equal(
    unknown.message,
    'Another run (process 7 on the computer other) is training into /adapters/a right now.',
  );
  assert.match(unknown.hint ?? '', /delete \/lock\.$/);
});
