import type { GraphBuilder } from '../graph/builder';
import type { Node, Value } from '../graph/types';
import { gradientRules, notDifferentiable } from './gradientRules';
import type { GradientRule } from './gradientRules';

/**
 * Reverse-mode differentiation: the gradients of the scalar `loss` with respect to each of `parameters`,
 * added to the same builder as nodes of the backward phase. Only nodes between a parameter and the loss get a
 * gradient; a frozen weight never does. Throws where the loss does not depend on a parameter.
 */
export function gradients(b: GraphBuilder, loss: Value, parameters: readonly Value[]): Value[] {
  const forward = [...b.nodes];
  const depends = dependents(forward, parameters);
  const found = new Map<Value, Value>([[loss, b.scalar(1)]]);
  for (const node of forward.reverse()) {
    if (!node.outputs.some((value) => found.has(value) && depends.has(value))) continue;
    if (node.op === 'input' || node.op === 'weight') continue;
    b.within({ scope: node.scope, block: node.block, phase: 'backward' }, () => {
      const results = applyRule(b, node, found, depends);
      node.inputs.forEach((input, i) => {
        const gradient = results[i];
        if (gradient === undefined || !depends.has(input)) return;
        const earlier = found.get(input);
        found.set(input, earlier === undefined ? gradient : b.add(earlier, gradient));
      });
    });
  }
  return parameters.map((parameter) => {
    const gradient = found.get(parameter);
    if (gradient === undefined) throw new Error(`The loss does not depend on ${describe(parameter)}`);
    return gradient;
  });
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
    node as never,
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

function describe(value: Value): string {
  return value.node.op === 'input' || value.node.op === 'weight' ? value.node.attributes.name : `value ${value.id}`;
}
