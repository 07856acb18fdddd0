import { showShape } from './shape';
import type { Graph, Node, Value } from './types';

/** The program as text, one node a line, for people, snapshots and error messages. */
export function printGraph(graph: Graph): string {
  const names = new Map<Value, string>();
  const lines = graph.nodes.map((node, i) => {
    node.outputs.forEach((value, j) => names.set(value, node.outputs.length === 1 ? `%${i}` : `%${i}.${j}`));
    const inputs = node.inputs.map((input) => names.get(input) ?? '%?').join(', ');
    const types = node.outputs.map((value) => `${value.dtype}${showShape(value.shape)}`).join(', ');
    const where = node.scope === '' ? '' : `  # ${node.scope}${node.phase === 'backward' ? ' (backward)' : ''}`;
    return `%${i} = ${node.op}${printAttributes(node)}(${inputs}) : ${types}${where}`;
  });
  const outputs = [...graph.outputs].map(([name, value]) => `${name} = ${names.get(value) ?? '%?'}`);
  return [...lines, `return ${outputs.join(', ')}`].join('\n');
}

function printAttributes(node: Node): string {
  const shown = Object.entries(node.attributes as Record<string, unknown>).flatMap(([key, value]) => {
    if (key === 'data') return summarize(value as ArrayLike<number>);
    if ((node.op === 'input' || node.op === 'constant') && key !== 'name') return [];
    return value === false ? [] : [`${key}: ${JSON.stringify(value)}`];
  });
  return shown.length === 0 ? '' : ` {${shown.join(', ')}}`;
}

function summarize(data: ArrayLike<number>): string[] {
  const first = Array.from({ length: Math.min(4, data.length) }, (_, i) => String(data[i]));
  return [`[${first.join(', ')}${data.length > 4 ? ', …' : ''}]`];
}
