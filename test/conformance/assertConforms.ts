import assert from 'node:assert/strict';
import type { Runtime } from '../../src/engine/runtime/runtime';
import { assertClose } from './compare';
import type { Tolerance } from './compare';
import type { Program } from './program';
import { oracle } from './runtimes';

/** Runs the program as compiled once, for all its sizes, and compares each run with the oracle. */
export async function assertConforms(runtime: Runtime, program: Program, tolerance: Tolerance): Promise<void> {
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
