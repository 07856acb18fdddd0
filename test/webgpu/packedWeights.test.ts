import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { unpackWhereUsed } from '../../src/engine/graph/packedWeights';
import { verify } from '../../src/engine/graph/verify';
import { assertClose } from '../conformance/compare';
import { held, productInputs, products } from '../conformance/heldWeights';
import { oracle } from '../conformance/runtimes';
import { temporaryFolder } from '../tiny/recipe';
import { computedElsewhere, profiledRuntime } from './computedElsewhere';
import { softwareDriver, testedDevice, useDriver, withoutDriver } from './softwareDriver';
import { looser } from './tolerances';

if (withoutDriver() === false) useDriver(softwareDriver());

describe(
  `${testedDevice} widens a matrix in blocks where it is used, and leaves nothing of it to the processor:`,
  { skip: withoutDriver() },
  () => {
    // Matrices of 16 bits are widened when a graph is compiled: halfPrecision.test.ts.
    // A case takes seconds: one of each kind.
    for (const [name, data] of held
      .filter(([, { kind }]) => kind === 'blocks')
      .filter(([one]) => !one.endsWith('16s'))) {
      test(name, async (t) => {
        const folder = await temporaryFolder(t);
        const packed = verify(
          unpackWhereUsed(products(), () => true),
          'unpackWhereUsed',
        );
        const executable = await profiledRuntime(folder).compile(packed, () => data);
        const expected = await oracle.compile(products(), () => data);
        for (const count of [5, 1, 0]) {
          const inputs = productInputs(count);
          assertClose(await executable.run(inputs), await expected.run(inputs), looser);
        }
        await executable.dispose();
        assert.deepEqual(await computedElsewhere(folder), []);
      });
    }
  },
);
