import assert from 'node:assert/strict';
import { halfPrecision } from '../../src/engine/graph/halfPrecision';
import type { HalfDtype, Op } from '../../src/engine/graph/types';
import { verify } from '../../src/engine/graph/verify';
import { ReferenceRuntime } from '../../src/engine/runtime/reference/referenceRuntime';
import type { Runtime, Tensors } from '../../src/engine/runtime/runtime';
import { floats } from '../../src/engine/runtime/runtime';
import type { Recomputation } from '../../src/engine/train/trainingGraph';
import { assertClose, exact } from './compare';
import type { Tolerance } from './compare';
import { opCases } from './opCases';
import { program } from './program';
import type { OpCase, Program } from './program';
import { oracle } from './runtimes';
import { trainingProgram } from './trainingPrograms';

/** One rounding to half precision, and where the language of a device allows it, another one. */
const halfRounded: Tolerance = { relative: 2 ** -9, ofScale: 0, absolute: 2 ** -23 };
/** Sums of which every step may be rounded to half precision. */
const halfSummed: Tolerance = { relative: 4e-3, ofScale: 6e-3, absolute: 1e-6 };

/** The ops that a half-precision graph computes in f16, and how far a runtime may be from {@link halfReference}. */
const ofF16: Partial<Readonly<Record<Op, Tolerance>>> = {
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

/** bfloat16 has eight binary digits of which binary16 has eleven. */
const coarseness = { f16: 1, bf16: 8 } as const;

export const halfOps = Object.keys(ofF16) as readonly Op[];

/** How far a runtime may be from {@link halfReference} in an op. */
export function halfTolerance(op: Op, half: HalfDtype = 'f16'): Tolerance {
  return coarser(ofF16[op]!, half);
}

/** Of a runtime that keeps the sums of products in 16 bits while it adds them up, as TensorFlow does on the processor. */
export function sumsInHalfTolerance(op: Op, half: HalfDtype): Tolerance {
  const own = ofF16[op]!;
  return coarser(own === halfSummed ? { ...own, ofScale: 5 * own.ofScale } : own, half);
}

function coarser({ relative, ofScale, absolute }: Tolerance, half: HalfDtype): Tolerance {
  const times = coarseness[half];
  return { relative: times * relative, ofScale: times * ofScale, absolute: times * absolute };
}

/** Rounds every result as a device does that sums in more digits than it keeps. */
export const halfReference = new ReferenceRuntime({ precision: 'f32' });

/** Of runtimes that compute in f32 what is to be f16: inputs of the reference are rounded, and may cancel. */
export const widened: Tolerance = { relative: 4e-3, ofScale: 6e-3, absolute: 1e-6 };

/**
 * A whole step in f16, from the numbers of the same step in float64, where sums have more digits. Gradients of queries that
 * hardly matter are small differences of large numbers.
 */
const halfStepTolerance: Tolerance = { relative: 0.05, ofScale: 0.15, absolute: 1e-4 };

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

/** The program of one op with its floating point operands in half precision. Masks of attention stay f32. */
export function halfProgram(
  op: Op,
  { name, attributes, operands, runs = [{}] }: OpCase<Op>,
  half: HalfDtype = 'f16',
): Program {
  const named = Object.fromEntries(operands.map((operand, i) => [String.fromCharCode(97 + i), operand]));
  const isMask = (i: number): boolean => (op === 'attention' || op === 'attentionGrad') && i === 3;
  return program(`${op} in ${half}: ${name}`, named, runs, (b, given) => {
    const inputs = Object.values(given).map((value, i) => {
      return value.dtype === 'f32' && !isMask(i) ? b.cast(value, half) : value;
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
  half: HalfDtype = 'f16',
): { readonly half: Program; readonly single: Program } {
  const single = trainingProgram(family, method, recomputation, true);
  return { half: { ...single, graph: verify(halfPrecision(single.graph, half), 'halfPrecision') }, single };
}

/**
 * Runs a training step in half precision, and compares its loss and its gradient as a whole with those of the same step in
 * float64. Of f16 single numbers are compared, too; bfloat16 keeps no digit of some.
 */
export async function assertStepConforms(
  runtime: Runtime,
  { half, single }: { readonly half: Program; readonly single: Program },
  dtype: HalfDtype,
): Promise<void> {
  const [executable, right] = await Promise.all([
    runtime.compile(half.graph, half.weights),
    oracle.compile(single.graph, single.weights),
  ]);
  try {
    for (const { inputs } of half.runs) {
      const [actual, expected] = [await executable.run(inputs), await right.run(inputs)];
      if (dtype === 'f16' && runtime.name !== 'tensorflow') assertClose(actual, expected, halfStepTolerance);
      const loss = relativeError(actual, expected, ['loss']);
      assert.ok(loss < 3e-3 * coarseness[dtype], `the loss differs by ${loss}`);
      const gradients = Object.keys(expected).filter((name) => name.startsWith('gradient.'));
      const gradient = relativeError(actual, expected, gradients);
      assert.ok(gradient < 0.025 * coarseness[dtype], `the gradient differs by ${gradient} of its size`);
    }
  } finally {
    await executable.dispose();
    await right.dispose();
  }
}

/** Of several results as one long vector: the size of the difference, of that of what is right; 0 where both are nothing. */
function relativeError(actual: Tensors, expected: Tensors, names: readonly string[]): number {
  let [difference, size] = [0, 0];
  for (const name of names) {
    const given = floats(actual, name);
    floats(expected, name).forEach((value, i) => {
      difference += (given[i]! - value) ** 2;
      size += value ** 2;
    });
  }
  return difference === 0 ? 0 : Math.sqrt(difference / size);
}
