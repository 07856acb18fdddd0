import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { gradientRules, notDifferentiable } from '../../src/engine/autodiff/gradientRules';
import type { Op } from '../../src/engine/graph/types';
import { composites } from './composites';
import { denseInputs, evaluate, seed, withGradients } from './differentiated';
import type { Differentiable } from './differentiated';
import { assertSlopes } from './finiteDifferences';
import { gradientCases } from './gradientCases';
import type { GradientCase } from './gradientCases';

describe('gradients are the slopes that finite differences measure', () => {
  for (const op of Object.keys(gradientCases) as Op[]) {
    const cases = gradientCases[op];
    if (cases === 'not differentiable') {
      test(`${op} has no gradient`, () => assert.equal(gradientRules[op], notDifferentiable));
      continue;
    }
    test(`${op} has cases`, () => assert.ok(cases.length > 0 && gradientRules[op] !== notDifferentiable));
    for (const entry of cases)
      test(`${op}: ${entry.name}`, () => assertSlopes(asFunction(op, entry as GradientCase<Op>)));
  }
  for (const composite of composites) test(composite.name, () => assertSlopes(composite));
});

describe('a gradient that is asked for alone is the one that is asked for with others', () => {
  const several = Object.entries(gradientCases).flatMap(([op, cases]) => {
    if (cases === 'not differentiable') return [];
    return cases.map((entry) => asFunction(op as Op, entry as GradientCase<Op>));
  });
  for (const f of [...several, ...composites].filter(({ parameters }) => parameters.length > 1)) {
    test(f.name, async () => {
      const inputs = { ...denseInputs(f), seed: seed(f) };
      const together = await evaluate(withGradients(f), inputs);
      for (const name of f.parameters) {
        const alone = await evaluate(withGradients(f, [name]), inputs);
        assert.deepEqual(alone[name], together[name], name);
      }
    });
  }
});

/** The op as a function of operands a, b, c … */
function asFunction<K extends Op>(
  op: K,
  { name, attributes, operands, parameters, sizes }: GradientCase<K>,
): Differentiable {
  const letters = operands.map((_, i) => String.fromCharCode(97 + i));
  return {
    name: `${op}: ${name}`,
    operands: Object.fromEntries(letters.map((letter, i) => [letter, operands[i]!])),
    parameters: parameters.map((i) => letters[i]!),
    sizes: sizes ?? {},
    build: (b, given) => b.op(op, attributes, ...Object.values(given)),
  };
}
