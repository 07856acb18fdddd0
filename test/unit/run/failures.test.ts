import assert from 'node:assert/strict';
import { test } from 'node:test';
import { errorEvent, noRunToResume, recipeDiffersFromRun, runIsActive, unknownRun } from '../../../src/run/failures';

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
    runIsActive('r', 7),
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
