import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ReferenceRuntime } from '../../src/engine/runtime/reference/referenceRuntime';
import type { DenseArrays } from '../../src/engine/runtime/reference/referenceRuntime';
import { RandomNumbers } from '../conformance/randomNumbers';
import { families, trainingProgram } from '../conformance/trainingPrograms';

const step = 1e-5;

describe('the gradients of a training step are the slope of its loss in random directions:', () => {
  for (const family of families) {
    for (const method of ['lora', 'full'] as const) {
      test(`${family}, ${method}`, async () => {
        const { graph, weights, runs } = trainingProgram(family, method, 'blocks');
        const executable = await new ReferenceRuntime({ precision: 'f64' }).compile(graph, weights);
        const inputs: DenseArrays = Object.fromEntries(
          Object.entries(runs[0]!.inputs).map(([name, { shape, data }]) => [
            name,
            { shape, data: Float64Array.from(data) },
          ]),
        );
        const results = await executable.runDense(inputs);
        const trained = Object.keys(results).flatMap((name) => /^gradient\.(.*)/.exec(name)?.[1] ?? []);
        assert.ok(trained.length > 0);
        for (const name of trained) {
          const random = new RandomNumbers(name);
          const { shape, data } = inputs[name]!;
          const direction = data.map(() => random.normal());
          const lossAt = async (distance: number): Promise<number> => {
            const moved = data.map((value, i) => value + distance * direction[i]!);
            return (await executable.runDense({ ...inputs, [name]: { shape, data: moved } }))['loss']!.data[0]!;
          };
          const slope = ((await lossAt(step)) - (await lossAt(-step))) / (2 * step);
          const gradient = results[`gradient.${name}`]!.data;
          const projected = gradient.reduce((sum, value, i) => sum + value * direction[i]!, 0);
          assert.ok(
            Math.abs(projected - slope) <= 1e-6 * (1 + Math.abs(slope)),
            `${name}: ${projected}, slope ${slope}`,
          );
        }
      });
    }
  }
});
