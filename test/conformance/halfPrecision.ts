import { halfPrecision } from '../../src/engine/graph/halfPrecision';
import type { Op } from '../../src/engine/graph/types';
import { verify } from '../../src/engine/graph/verify';
import { ReferenceRuntime } from '../../src/engine/runtime/reference/referenceRuntime';
import type { Recomputation } from '../../src/engine/train/trainingGraph';
import { exact } from './compare';
import type { Tolerance } from './compare';
import { opCases } from './opCases';
import { program } from './program';
import type { OpCase, Program } from './program';
import { trainingProgram } from './trainingPrograms';

/** One rounding to half precision, and where the language of a device allows it, another one. */
const halfRounded: Tolerance = { relative: 2 ** -9, ofScale: 0, absolute: 2 ** -23 };
/** Sums of which every step may be rounded to half precision. */
const halfSummed: Tolerance = { relative: 4e-3, ofScale: 6e-3, absolute: 1e-6 };

/** The ops that a half-precision graph computes in f16, and how far a runtime may be from {@link halfReference}. */
export const halfTolerances: Partial<Readonly<Record<Op, Tolerance>>> = {
  add: halfRounded,
  sub: halfRounded,
  mul: halfRounded,
  scale: halfRounded,
  silu: halfSummed,
  siluGrad: halfSummed,
  swiglu: halfSummed,
  swigluGrad: halfSummed,
  keep: exact,
  gate: exact,
  matmul: halfSummed,
  transpose: exact,
  reshape: exact,
  expand: exact,
  slice: exact,
  concat: exact,
  gather: exact,
  rope: halfSummed,
  attention: halfSummed,
  attentionGrad: halfSummed,
};

/** Rounds every result as a device does that sums in more digits than it keeps. */
export const halfReference = new ReferenceRuntime({ precision: 'f32' });

/** Of runtimes that compute in f32 what is to be f16: inputs of the reference are rounded, and may cancel. */
export const widened: Tolerance = { relative: 4e-3, ofScale: 6e-3, absolute: 1e-6 };

/**
 * A whole step in half precision, from the numbers of the same step in float64. Gradients of queries that hardly matter are
 * small differences of large numbers.
 */
export const halfStepTolerance: Tolerance = { relative: 0.05, ofScale: 0.15, absolute: 1e-4 };

/** The cases of an op whose numbers half precision has. */
export function halfCases(op: Op): readonly OpCase<Op>[] {
  return (opCases[op] as readonly OpCase<Op>[]).filter(({ name, operands }) => {
    const isFloat = operands[0]?.dtype === 'f32' && operands.every(({ dtype }) => dtype === 'f32' || isIndexed(op));
    return isFloat && !/tiny and huge|steep|-inf/.test(name);
  });
}

function isIndexed(op: Op): boolean {
  return op === 'keep' || op === 'gather' || op === 'rope';
}

/** The program of one op with its floating point operands in f16. Masks of attention stay f32. */
export function halfProgram(op: Op, { name, attributes, operands, runs = [{}] }: OpCase<Op>): Program {
  const named = Object.fromEntries(operands.map((operand, i) => [String.fromCharCode(97 + i), operand]));
  const isMask = (i: number): boolean => (op === 'attention' || op === 'attentionGrad') && i === 3;
  return program(`${op} in half precision: ${name}`, named, runs, (b, given) => {
    const inputs = Object.values(given).map((value, i) => {
      return value.dtype === 'f32' && !isMask(i) ? b.cast(value, 'f16') : value;
    });
    const { outputs } = b.node(op, attributes, ...inputs);
    return Object.fromEntries(outputs.map((value, i) => [`y${i}`, b.cast(value, 'f32')]));
  });
}

/** A training step in half precision, and the same one in single precision. */
export function halfTraining(
  family: string,
  method: 'lora' | 'full',
  recomputation: Recomputation,
): { readonly half: Program; readonly single: Program } {
  const single = trainingProgram(family, method, recomputation, true);
  return { half: { ...single, graph: verify(halfPrecision(single.graph), 'halfPrecision') }, single };
}
