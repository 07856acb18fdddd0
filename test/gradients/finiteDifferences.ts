import assert from 'node:assert/strict';
import { denseInputs, evaluate, forward, seed, withGradients } from './differentiated';
import type { Arrays, Differentiable } from './differentiated';

/** Half the distance between the two points of a central difference; its error is about step² times f‴. */
const step = 1e-4;
const tolerance = 2e-7;

/**
 * Asserts that each element of each gradient is the slope of Σ seed∘y between two points close by,
 * (f(x + h) − f(x − h)) / 2h, in float64.
 */
export async function assertSlopes(f: Differentiable): Promise<void> {
  const inputs: Arrays = { ...denseInputs(f), seed: seed(f) };
  const analytic = await evaluate(withGradients(f), inputs);
  const graph = forward(f);
  const projected = async (changed: Arrays): Promise<number> => {
    const { y } = await evaluate(graph, { ...inputs, ...changed });
    return y!.data.reduce((total, value, i) => total + value * inputs['seed']!.data[i]!, 0);
  };
  for (const name of f.parameters) {
    const x = inputs[name]!;
    for (let i = 0; i < x.data.length; i++) {
      const moved = (by: number): Arrays => ({ [name]: { shape: x.shape, data: x.data.with(i, x.data[i]! + by) } });
      const slope = ((await projected(moved(step))) - (await projected(moved(-step)))) / (2 * step);
      const actual = analytic[name]!.data[i]!;
      assert.ok(
        Math.abs(actual - slope) <= tolerance * (1 + Math.abs(slope)),
        `d/d${name}[${i}] is ${actual}, the slope is ${slope}`,
      );
    }
  }
}
