import type { Value } from '../../graph/types';
import type { Lowerings } from './lowering';
import { inputNames, resultName } from './lowering';

/** Matrix products, and rotary embedding. */
export const products: Lowerings<'matmul' | 'rope'> = {
  matmul: (e, node) => {
    const { transposeA, transposeB, alpha } = node.attributes;
    const [a, b] = inputNames(e, node) as [string, string];
    const options = { output: resultName(e, node) };
    if (!transposeA && !transposeB && alpha === 1) {
      e.node('MatMul', [a, b], {}, options);
    } else if (node.outputs[0]!.shape.length === 2) {
      e.node(
        'Gemm',
        [a, b],
        { transA: Number(transposeA), transB: Number(transposeB), alpha: { float: alpha } },
        options,
      );
    } else {
      e.node(
        'FusedMatMul',
        [a, b],
        { transA: Number(transposeA), transB: Number(transposeB), alpha: { float: alpha } },
        { ...options, domain: 'com.microsoft' },
      );
    }
  },

  rope: (e, node) => {
    const [x, positions, cos, sin] = node.inputs as [Value, Value, Value, Value];
    const [batch, length, heads, size] = x.shape as [string, string, number, number];
    const joined = e.node('Reshape', [e.name(x), e.shape([batch, length, heads * size], x.shape)]);
    const wide = e.node('Cast', [e.name(positions)], { to: 7 });
    const rotated = e.node(
      'RotaryEmbedding',
      [joined, wide, e.name(cos), e.name(sin)],
      { interleaved: 0, num_heads: heads },
      { domain: 'com.microsoft' },
    );
    e.node('Reshape', [rotated, e.constant('i64', [0, 0, heads, size])], {}, { output: resultName(e, node) });
  },
};
