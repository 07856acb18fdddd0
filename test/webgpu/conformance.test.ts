import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Op } from '../../src/engine/graph/types';
import { OnnxRuntime } from '../../src/engine/runtime/onnx/onnxRuntime';
import { assertConforms } from '../conformance/assertConforms';
import { opCases } from '../conformance/opCases';
import { opProgram } from '../conformance/program';
import type { OpCase } from '../conformance/program';
import { toleranceOnDevice, unstated } from './tolerances';
import { softwareDriver, testedDevice, useDriver, withoutDriver } from './softwareDriver';

if (withoutDriver() === false) useDriver(softwareDriver());
/** What needs numbers that this driver does not have: halfPrecision.test.ts tries it. */
const inHalf: readonly Op[] = ['cast'];
const runtime = new OnnxRuntime({ threads: 2, device: testedDevice });

describe(`${testedDevice} computes`, { skip: withoutDriver() }, () => {
  for (const op of (Object.keys(opCases) as Op[]).filter((one) => !inHalf.includes(one))) {
    test(op, async (context) => {
      const stated = (opCases[op] as readonly OpCase<Op>[]).filter(({ name }) => !unstated.has(`${op}: ${name}`));
      // A case takes seconds, in which shaders are compiled: one factor beside 1 shows as much as two.
      const cases = stated.filter(({ name }) => !name.endsWith(' by -2'));
      assert.ok(cases.length > 0, `${op} has no cases`);
      for (const entry of cases) {
        await context.test(entry.name, () =>
          assertConforms(runtime, opProgram(op, entry), toleranceOnDevice(op, entry.tolerance)),
        );
      }
    });
  }
});
