import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Op } from '../../src/engine/graph/types';
import type { Runtime } from '../../src/engine/runtime/runtime';
import { assertClose, summed } from './compare';
import type { Tolerance } from './compare';
import { opCases, tolerances } from './opCases';
import { opProgram } from './program';
import type { OpCase, Program } from './program';
import { programs } from './programs';
import { oracle, runtimes } from './runtimes';

for (const runtime of runtimes) {
  describe(`${runtime.name} computes`, () => {
    for (const op of Object.keys(opCases) as Op[]) {
      test(op, async (context) => {
        const cases = opCases[op] as readonly OpCase<Op>[];
        assert.ok(cases.length > 0, `${op} has no cases`);
        for (const entry of cases) {
          await context.test(entry.name, () =>
            assertConforms(runtime, opProgram(op, entry), entry.tolerance ?? tolerances[op]),
          );
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

/** Runs the program as compiled once, for all its sizes, and compares each run with the oracle. */
async function assertConforms(runtime: Runtime, program: Program, tolerance: Tolerance): Promise<void> {
  const executable = await runtime.compile(program.graph, program.weights);
  const expected = await oracle.compile(program.graph, program.weights);
  try {
    assert.ok(program.runs.length > 0, 'nothing would be run');
    for (const { sizes, inputs } of program.runs) {
      const results = await executable.run(inputs).catch((error: unknown) => {
        throw new Error(`With ${JSON.stringify(sizes)}: ${String(error)}`, { cause: error });
      });
      assertClose(results, await expected.run(inputs), tolerance);
    }
  } finally {
    await executable.dispose();
    await expected.dispose();
  }
}
