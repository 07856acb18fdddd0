import type { HalfDtype, Op } from '../../src/engine/graph/types';
import type { Tolerance } from '../conformance/compare';
import { exact } from '../conformance/compare';
import { halfTolerance } from '../conformance/halfPrecision';
import { tolerances } from '../conformance/opCases';

/**
 * What WebGPU's shading language promises less than IEEE 754: a division within 2.5 units in the last place, functions such
 * as exp within a few more. So a tolerance that is not exact is at least this on a device.
 */
export const looser: Tolerance = { relative: 4e-6, ofScale: 4e-6, absolute: 5e-6 };

/** The tolerance of an op on a device; what only moves numbers stays exact. */
export function toleranceOnDevice(op: Op, own: Tolerance = tolerances[op]): Tolerance {
  if (own === exact) return exact;
  return {
    relative: Math.max(own.relative, looser.relative),
    ofScale: Math.max(own.ofScale, looser.ofScale),
    absolute: own.absolute,
  };
}

/** The same in half precision, of which the language promises no more than one unit in the last place, and of sums nothing. */
export function halfToleranceOnDevice(op: Op, half: HalfDtype): Tolerance {
  const own = halfTolerance(op, half);
  return { ...own, ofScale: 2 * own.ofScale };
}

/** Cases on which the language says nothing: it may take numbers below 1e-38 for 0, and the logarithm of 0 for anything. */
export const unstated: ReadonlySet<string> = new Set(['log: tiny and huge numbers']);
