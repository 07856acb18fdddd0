import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Failure } from '../../../src/failure/failure';
import { proveChange } from '../../../src/engine/train/proof';
import type { AdaptedModule } from '../../../src/engine/train/proof';

const singles = (...values: number[]): Float32Array => Float32Array.from(values);
const module = (path: string, ...after: number[]): AdaptedModule => ({
  path,
  tensors: [
    { before: singles(1, 1), after: singles(1, 1) },
    { before: singles(0, 0), after: singles(...after) },
  ],
});
const differing = { base: singles(1, 8), tuned: singles(1, 7) };

function failure(work: () => unknown): Failure {
  try {
    work();
  } catch (error) {
    if (error instanceof Failure) return error;
    throw error;
  }
  throw new Error('It did not fail');
}

describe('the proof that an adapter changes its model', () => {
  test('counts the changed modules and measures the logits', () => {
    const proof = proveChange([module('q_proj', 0, 1e-9), module('v_proj', 1, 1)], differing);
    assert.deepEqual([proof.modules, proof.changed_modules, proof.logits_difference], [2, 2, 1]);
    assert.ok(proof.rounding > 0 && proof.rounding < 1e-5);
  });

  test('fails for a module that was not changed, and names it', () => {
    const found = failure(() => proveChange([module('q_proj', 0, 1), module('v_proj', 0, 0)], differing));
    assert.deepEqual([found.code, found.exitCode], ['adapter-unchanged', 3]);
    assert.match(found.message, /v_proj/);
    assert.doesNotMatch(found.message, /q_proj/);
  });

  test('names some of many unchanged modules and counts the others', () => {
    const modules = ['a', 'b', 'c', 'd', 'e'].map((path) => module(path, 0, 0));
    assert.match(failure(() => proveChange(modules, differing)).message, /a, b, c and 2 more/);
  });

  test('fails where the logits differ by rounding alone', () => {
    const base = singles(1, 100);
    const found = failure(() => proveChange([module('q_proj', 1, 1)], { base, tuned: singles(1, 100 + 2 ** -17) }));
    assert.deepEqual([found.code, found.exitCode], ['adapter-without-effect', 3]);
    assert.equal(failure(() => proveChange([module('q', 1, 1)], { base, tuned: base })).code, 'adapter-without-effect');
  });

  test('fails where the model computes nothing finite any more', () => {
    for (const broken of [Number.NaN, Number.POSITIVE_INFINITY]) {
      const found = failure(() =>
        proveChange([module('q_proj', 1, 1)], { base: singles(1, 2), tuned: singles(1, broken) }),
      );
      assert.deepEqual([found.code, found.exitCode], ['training-diverged', 3]);
    }
  });
});
