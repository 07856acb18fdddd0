import { printGraph } from './print';
import { sameShape } from './shape';
import { inferTypes } from './shapeRules';
import { arity, isHalfDtype } from './types';
import type { Graph, Node, TensorType, Value } from './types';

/**
 * Checks a graph after a pass: every value is defined before it is read and once, every type is what the
 * shape rule gives, leaves have one name each. A violation is a bug of the pass, so the whole program is printed.
 */
export function verify(graph: Graph, pass: string): Graph {
  const fail = (node: Node | undefined, message: string): never => {
    const at = node === undefined ? '' : ` at node ${node.id} (${node.op})`;
    throw new Error(`After ${pass}${at}: ${message}\n${printGraph(graph)}`);
  };
  const defined = new Set<Value>();
  const names = new Set<string>();
  for (const node of graph.nodes) {
    const expected = arity[node.op];
    if (expected === null ? node.inputs.length === 0 : node.inputs.length !== expected) {
      fail(node, `has ${node.inputs.length} inputs`);
    }
    for (const input of node.inputs) if (!defined.has(input)) fail(node, `reads value ${input.id} before it is there`);
    if (node.op === 'input' || node.op === 'weight') {
      if (names.has(node.attributes.name)) fail(node, `${node.attributes.name} is there twice`);
      names.add(node.attributes.name);
    }
    const types = typesOf(node, (message) => fail(node, message));
    if (types.length !== node.outputs.length) fail(node, `has ${node.outputs.length} results, not ${types.length}`);
    node.outputs.forEach((value, i) => {
      const type = types[i];
      if (defined.has(value)) fail(node, `computes value ${value.id} a second time`);
      if (type?.dtype !== value.dtype || !sameShape(type.shape, value.shape)) {
        fail(node, `result ${i} has another type than its rule gives`);
      }
      defined.add(value);
    });
  }
  for (const [name, value] of graph.outputs) {
    if (!defined.has(value)) fail(undefined, `output ${name} is undefined`);
    if (isHalfDtype(value.dtype)) fail(value.node, `output ${name} is ${value.dtype}, which no graph gives`);
  }
  return graph;
}

function typesOf(node: Node, fail: (message: string) => never): readonly TensorType[] {
  try {
    return inferTypes(node.op, node.attributes, node.inputs);
  } catch (error) {
    return fail(error instanceof Error ? error.message : String(error));
  }
}
