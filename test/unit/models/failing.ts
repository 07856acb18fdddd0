import assert from 'node:assert/strict';
import { Failure } from '../../../src/failure/failure';

/** Asserts that `work` fails as expected failures do: with this code, a sentence and a next step. */
export function failsWith(code: string, work: () => unknown): Failure {
  let outcome: unknown = 'no failure';
  try {
    work();
  } catch (error) {
    outcome = error;
  }
  assert.ok(outcome instanceof Failure, `expected the failure ${code}, got ${String(outcome)}`);
  assert.equal(outcome.code, code, outcome.message);
  assert.match(outcome.message, /\.$/);
  assert.match(outcome.hint ?? '', /\.$/);
  assert.equal(outcome.exitCode, 1);
  return outcome;
}
