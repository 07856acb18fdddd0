import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tooSlow, withTimeLimit } from '../../../src/engine/data/timeLimit';

test('work in time gives its result', () => {
  assert.equal(
    withTimeLimit(100, () => 42),
    42,
  );
});

test('an expression that goes back and forth is stopped', () => {
  assert.equal(
    withTimeLimit(50, () => /^(a+)+$/.test(`${'a'.repeat(60)}!`)),
    tooSlow,
  );
});

test('a loop without end is stopped', () => {
  let turns = 0;
  const forever = (): never => {
    for (;;) turns++;
  };
  assert.equal(withTimeLimit(50, forever), tooSlow);
  assert.ok(turns > 0);
});

test('what goes wrong in the work is thrown', () => {
  assert.throws(
    () =>
      withTimeLimit(100, () => {
        throw new RangeError('no');
      }),
    RangeError,
  );
});
