import type { GraphBuilder } from './builder';
import { rewrite } from './rewrite';
import type { Graph, Node, Value } from './types';

/**
 * Multiplies one-hot rows out: the gradient of a cross entropy is `softmax - oneHot(labels)`, and its product
 * with a matrix is `softmax · W - W[labels]` (or, transposed, a scatter). The `[n, vocabulary]` difference,
 * the largest tensor of a training step, is then never written.
 */
export function distributeOneHot(graph: Graph): Graph {
  return rewrite(graph, (node, inputs, b) => {
    if (node.op !== 'matmul') return undefined;
    const [a, other] = inputs as [Value, Value];
    const difference = a.node;
    const hot = difference.inputs[1]?.node;
    if (difference.op !== 'sub' || hot?.op !== 'oneHot') return undefined;
    const soft = b.matmul(difference.inputs[0]!, other, node.attributes);
    return [b.sub(soft, oneHotProduct(node, hot, other, b))];
  });
}

function oneHotProduct(node: Node<'matmul'>, hot: Node<'oneHot'>, other: Value, b: GraphBuilder): Value {
  const { transposeA, transposeB, alpha } = node.attributes;
  const labels = hot.inputs[0]!;
  const matrix = transposeB ? b.transpose(other, [1, 0]) : other;
  const product = transposeA
    ? b.op('scatterAdd', { rows: hot.attributes.depth }, labels, matrix)
    : b.gather(matrix, labels);
  return b.scale(product, alpha);
}
