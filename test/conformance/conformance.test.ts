import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Op } from '../../src/engine/graph/types';
import { assertConforms } from './assertConforms';
import { summed } from './compare';
import { opCases, toleranceOf } from './opCases';
import { opProgram } from './program';
import type { OpCase } from './program';
import { programs } from './programs';
import { runtimes } from './runtimes';

for (const runtime of runtimes) {
  describe(`${runtime.name} computes`, () => {
    for (const op of Object.keys(opCases) as Op[]) {
      test(op, async (context) => {
        const cases = opCases[op] as readonly OpCase<Op>[];
        assert.ok(cases.length > 0, `${op} has no cases`);
        for (const entry of cases) {
          const program = opProgram(op, entry);
          await context.test(entry.name, () => assertConforms(runtime, program, toleranceOf(runtime, op, entry)));
        }
      });
    }
    test('whole programs', async (context) => {
      for (const program of programs) {
        await context.test(program.name, () => assertConforms(runtime, program, summed));
      }
    });
  });
}
