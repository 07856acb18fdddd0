import assert from 'node:assert/strict';
import type { Graph } from '../../src/engine/graph/types';
import type { Runtime } from '../../src/engine/runtime/runtime';
import { assertClose } from './compare';
import type { Tolerance } from './compare';
import type { Program } from './program';
import { oracle } from './runtimes';

/** What results are compared with: another graph, or another runtime than the oracle. */
export interface Expected {
  readonly graph?: Graph;
  readonly runtime?: Runtime;
}

/** Runs the program as compiled once, for all its sizes, and compares each run with what is right. */
export async function assertConforms(
  runtime: Runtime,
  program: Program,
  tolerance: Tolerance,
  { graph = program.graph, runtime: right = oracle }: Expected = {},
): Promise<void> {
  const executable = await runtime.compile(program.graph, program.weights);
  const expected = await right.compile(graph, program.weights);
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
