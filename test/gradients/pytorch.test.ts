import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { describe, test } from 'node:test';
import { gradients } from '../../src/engine/autodiff/gradients';
import { GraphBuilder } from '../../src/engine/graph/builder';
import type { Attributes, Dtype, Op } from '../../src/engine/graph/types';
import type { Tensor, Tensors } from '../../src/engine/runtime/runtime';
import { assertClose } from '../conformance/compare';
import type { Tolerance } from '../conformance/compare';
import { tensor } from '../conformance/operand';
import { runtimes } from '../conformance/runtimes';
import { gradientCases } from './gradientCases';

/** A tensor as `test/parity/gradientFixtures.py` stores it; `null` is -inf. */
interface StoredTensor {
  readonly shape: readonly number[];
  readonly dtype: Dtype;
  readonly data: readonly (number | boolean | null)[];
}

interface StoredCase {
  readonly attributes: Attributes[Op];
  readonly inputs: readonly StoredTensor[];
  readonly output: StoredTensor;
  readonly outputGradient: StoredTensor;
  /** `null` where no gradient flows into the input. */
  readonly inputGradients: readonly (StoredTensor | null)[];
}

const folder = 'test/gradients/fixtures';
const fixtures = readdirSync(folder).map((file) => {
  return JSON.parse(readFileSync(`${folder}/${file}`, 'utf8')) as { op: Op; cases: readonly StoredCase[] };
});

/** Stored with eight digits, computed in float32; where GELU is flat, its slope is a difference of numbers near 1. */
function tolerance(op: Op): Tolerance {
  return { relative: 5e-6, ofScale: 2e-6, absolute: op === 'gelu' ? 2e-6 : 0 };
}

test('PyTorch says something about every op that computes', () => {
  // These only move numbers.
  const moving = ['gate', 'slice', 'concat'];
  const expected = Object.entries(gradientCases).flatMap(([op, cases]) =>
    cases === 'not differentiable' || moving.includes(op) ? [] : [op],
  );
  const found = fixtures.map(({ op }) => op as string).filter((op) => !moving.includes(op));
  assert.deepEqual(found.sort(), expected.sort());
});

for (const runtime of runtimes) {
  describe(`${runtime.name} gives PyTorch's results and gradients`, () => {
    for (const { op, cases } of fixtures) {
      cases.forEach((stored, i) => {
        test(`${op}, case ${i + 1}: ${JSON.stringify(stored.attributes)}`, async () => {
          const { graph, inputs, expected } = build(op, stored);
          const executable = await runtime.compile(graph, () => assert.fail('there are no weights'));
          assertClose(await executable.run(inputs), expected, tolerance(op));
          await executable.dispose();
        });
      });
    }
  });
}

function build(op: Op, stored: StoredCase) {
  const b = new GraphBuilder();
  const operands = stored.inputs.map(({ dtype, shape }, i) => b.input(`x${i}`, dtype, shape));
  const y = b.op(op, stored.attributes, ...operands);
  const seeds = new Map([[y, b.input('dy', 'f32', y.shape)]]);
  const wanted = stored.inputGradients.flatMap((gradient, i) => (gradient === null ? [] : [{ i, gradient }]));
  const found = gradients(
    b,
    seeds,
    wanted.map(({ i }) => operands[i]!),
  );
  const expected: Record<string, Tensor> = { y: restored(stored.output) };
  wanted.forEach(({ i, gradient }) => (expected[`dx${i}`] = restored(gradient)));
  const graph = b.finish({ y, ...Object.fromEntries(wanted.map(({ i }, j) => [`dx${i}`, found[j]!])) });
  const inputs: Tensors = {
    dy: restored(stored.outputGradient),
    ...Object.fromEntries(stored.inputs.map((input, i) => [`x${i}`, restored(input)])),
  };
  return { graph, inputs, expected };
}

function restored({ dtype, shape, data }: StoredTensor): Tensor {
  return tensor(
    dtype,
    shape,
    data.map((value) => (value === null ? -Infinity : Number(value))),
  );
}
