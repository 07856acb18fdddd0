import { rewrite } from './rewrite';
import type { Graph, Value } from './types';

/** Products of transposed matrices as products that transpose: where both sides of a stack are exchanged, and no more. */
export function foldTransposes(graph: Graph): Graph {
  return rewrite(graph, (node, inputs, b) => {
    if (node.op !== 'matmul') return undefined;
    const [x, y] = inputs as [Value, Value];
    const [left, right] = [turnedBack(x), turnedBack(y)];
    if (left === undefined && right === undefined) return undefined;
    const { transposeA, transposeB, alpha } = node.attributes;
    return [
      b.matmul(left ?? x, right ?? y, {
        transposeA: transposeA !== (left !== undefined),
        transposeB: transposeB !== (right !== undefined),
        alpha,
      }),
    ];
  });
}

/** What a transposition of the last two axes, and of no others, transposes. */
function turnedBack({ node }: Value): Value | undefined {
  if (node.op !== 'transpose') return undefined;
  const { permutation } = node.attributes;
  const last = permutation.length - 1;
  const turned = permutation.map((_, axis) => (axis === last ? last - 1 : axis === last - 1 ? last : axis));
  return turned.every((axis, i) => axis === permutation[i]) ? node.inputs[0] : undefined;
}
