import type { GraphBuilder } from '../graph/builder';
import type { Node, Value } from '../graph/types';
import { gradientRules, notDifferentiable } from './gradientRules';
import type { GradientRule } from './gradientRules';
import { addGradients } from './pieces';

/**
 * Reverse-mode differentiation (a vector-Jacobian product). `seeds` maps values to the gradients of the loss with
 * respect to them; for a scalar loss that is `new Map([[loss, b.scalar(1)]])`. The gradients with respect to each of
 * `parameters` are added to the same builder as nodes of the backward phase, `undefined` for one that no seed
 * depends on. Only nodes between a parameter and a seed get a gradient; a frozen weight never does. Nothing passes
 * through a parameter: one that is computed from others cuts the graph there.
 */
export function gradients(
  b: GraphBuilder,
  seeds: ReadonlyMap<Value, Value>,
  parameters: readonly Value[],
): (Value | undefined)[] {
  const forward = [...b.nodes];
  const depends = dependents(forward, parameters);
  const found = new Map<Value, Value>(seeds);
  const cuts = new Set(parameters.map((parameter) => parameter.node));
  for (const node of forward.reverse()) {
    if (node.inputs.length === 0 || cuts.has(node)) continue;
    if (!node.outputs.some((value) => found.has(value) && depends.has(value))) continue;
    b.within({ scope: node.scope, block: node.block, phase: 'backward' }, () => {
      const results = applyRule(b, node, found, depends);
      node.inputs.forEach((input, i) => {
        const gradient = results[i];
        if (gradient === undefined || !depends.has(input)) return;
        const earlier = found.get(input);
        found.set(input, earlier === undefined ? gradient : addGradients(b, earlier, gradient));
      });
    });
  }
  return parameters.map((parameter) => found.get(parameter));
}

function applyRule(
  b: GraphBuilder,
  node: Node,
  found: ReadonlyMap<Value, Value>,
  depends: ReadonlySet<Value>,
): readonly (Value | undefined)[] {
  const rule = gradientRules[node.op];
  if (rule === notDifferentiable) throw new Error(`${node.op} in ${node.scope} has no gradient`);
  return (rule as GradientRule<typeof node.op>)(
    b,
    node,
    node.outputs.map((value) => found.get(value)),
    node.inputs.map((input) => depends.has(input)),
  );
}

/** All values that a parameter has an influence on. */
function dependents(nodes: readonly Node[], parameters: readonly Value[]): ReadonlySet<Value> {
  const depends = new Set<Value>(parameters);
  for (const node of nodes) {
    if (node.inputs.some((input) => depends.has(input))) for (const value of node.outputs) depends.add(value);
  }
  return depends;
}
