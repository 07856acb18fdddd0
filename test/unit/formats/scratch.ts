import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { Failure } from '../../../src/failure/failure';

/** An empty folder that lives as long as the test. */
export async function scratchFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'lora-formats-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** Asserts that `work` fails as expected failures do: with this code, a sentence and a next step. */
export async function failsWith(code: string, work: Promise<unknown>): Promise<Failure> {
  const outcome: unknown = await work.then(
    () => 'no failure',
    (error: unknown) => error,
  );
  assert.ok(outcome instanceof Failure, `expected the failure ${code}, got ${String(outcome)}`);
  assert.equal(outcome.code, code, outcome.message);
  assert.match(outcome.message, /\.$/);
  assert.match(outcome.hint ?? '', /\.$/);
  return outcome;
}

/** A file or folder of the shared test material. */
export function testData(...parts: string[]): string {
  return path.join(process.env['LORA_TEST_DATA'] ?? '../shared/data', ...parts);
}

/** For a test's `skip`: why it cannot run where the test material is not there. */
export const skipWithoutTestData = existsSync(testData('models'))
  ? false
  : 'LORA_TEST_DATA does not name a folder with models';

/** A file or folder beside these tests; the runner starts in the root of the checkout. */
export function fixture(...parts: string[]): string {
  return path.join('test/unit/formats/fixtures', ...parts);
}

/** Numbers from a fixed sequence (a linear congruential generator), about -1 to 1. */
export function someFloats(length: number, seed = 1): Float32Array {
  let state = seed;
  return Float32Array.from({ length }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  });
}
