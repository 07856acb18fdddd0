import { describe, test } from 'node:test';
import { assertConforms } from './assertConforms';
import { runtimes } from './runtimes';
import { families, trainingProgram } from './trainingPrograms';

// Float32 errors of a whole forward and backward pass.
const tolerance = { relative: 1e-4, ofScale: 2e-5, absolute: 5e-6 };

for (const runtime of runtimes) {
  describe(`${runtime.name} computes a training step`, () => {
    for (const family of families) {
      for (const recomputation of ['none', 'cheap', 'blocks'] as const) {
        test(`${family}, adapters, recomputing ${recomputation}`, () =>
          assertConforms(runtime, trainingProgram(family, 'lora', recomputation), tolerance));
      }
      test(`${family}, all weights`, () => assertConforms(runtime, trainingProgram(family, 'full', 'none'), tolerance));
    }
  });
}
