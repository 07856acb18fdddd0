import type { Value } from '../../graph/types';
import type { Lowerings } from './lowering';
import { inputNames, resultName } from './lowering';
import { elementType } from './proto';

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
    const [heads, size] = x.shape.slice(2) as [number, number];
    // Each position as a row of its own: the operator refuses rows that are longer than the tables,
    // also where positions restart and stay inside them.
    const rows = e.node('Reshape', [e.name(x), e.constant('i64', [-1, 1, heads * size])]);
    const places = e.node('Reshape', [e.name(positions), e.constant('i64', [-1, 1])]);
    const rotated = e.node(
      'RotaryEmbedding',
      [rows, e.node('Cast', [places], { to: elementType.i64 }), e.name(cos), e.name(sin)],
      { interleaved: 0, num_heads: heads },
      { domain: 'com.microsoft' },
    );
    e.reshape(rotated, [], x.shape, resultName(e, node));
  },
};
