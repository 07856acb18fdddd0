import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Failure } from '../../../src/failure/failure';
import { engineVersionMismatch } from '../../../src/run/failures';
import { fromWire, toWire } from '../../../src/run/wireError';

/** As JSON, which is how it crosses. */
const crossed = (error: unknown): Failure => fromWire(JSON.parse(JSON.stringify(toWire(error))) as never);

describe('an error that crosses from the engine to the editor', () => {
  test('is the failure that was thrown: code, sentence, next step, place and exit code', () => {
    const place = { file: '/w/a.lora.json', line: 3, path: 'lora.r' };
    const thrown = new Failure('wrong', 'It is wrong.', { hint: 'Mend it.', place, exitCode: 3 });
    const { code, message, hint, exitCode, ...rest } = crossed(thrown);
    assert.deepEqual([code, message, hint, rest.place, exitCode], ['wrong', 'It is wrong.', 'Mend it.', place, 3]);
  });

  test('has no hint and no place where there was none', () => {
    const failure = crossed(new Failure('wrong', 'It is wrong.'));
    assert.deepEqual([failure.hint, failure.place, failure.exitCode], [undefined, undefined, 1]);
  });

  test('keeps its cause and its stack on the other side', () => {
    const wire = toWire(new Failure('wrong', 'It is wrong.', { cause: new Error('secret') }));
    assert.doesNotMatch(JSON.stringify(wire), /secret|stack/);
  });

  for (const [what, thrown] of [
    ['an error', new TypeError('x is undefined')],
    ['something that is no error', 'x is undefined'],
  ] as const) {
    test(`is a bug to be reported when it was ${what}`, () => {
      const failure = crossed(thrown);
      assert.deepEqual([failure.code, failure.exitCode], ['internal-error', 3]);
      assert.match(failure.message, /not your fault: x is undefined$/);
      assert.match(failure.hint ?? '', /report/);
    });
  }
});

test('two versions that do not fit together are both named', () => {
  const failure = engineVersionMismatch(2, 1);
  assert.match(failure.message, /versions 2 and 1/);
  assert.deepEqual([failure.code, failure.exitCode], ['engine-version-mismatch', 3]);
});
