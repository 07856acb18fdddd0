import { bindShape, symbolsOf } from '../../graph/shape';
import type { Shape, Value } from '../../graph/types';
import type { Emitter } from './emitter';
import { inputSlots } from './lowering';
import type { Lowerings } from './lowering';
import type { Slot } from './plan';

/** Matrix products, and rotary embedding. */
export const products: Lowerings<'matmul' | 'rope'> = {
  matmul: (e, node) => {
    const { transposeA, transposeB, alpha } = node.attributes;
    const result = node.outputs[0]!;
    const multiply = (a: Slot, b: Slot): Slot => {
      return result.shape.length === 2
        ? e.kernel('MatMul', [a, b], { transpose_a: transposeA, transpose_b: transposeB })
        : e.kernel('BatchMatMulV2', [a, b], { adj_x: transposeA, adj_y: transposeB });
    };
    const [a, b] = inputSlots(e, node) as [Slot, Slot];
    if (alpha === 1) return [multiply(a, b)];
    // The factor goes where there is least to multiply.
    const scaled = (x: Slot): Slot => e.kernel('Mul', [x, e.constant(result.dtype, alpha)]);
    const sizes = [...node.inputs, result].map(({ shape }) => typicalSize(shape));
    const least = sizes.indexOf(Math.min(...sizes));
    return [least === 0 ? multiply(scaled(a), b) : least === 1 ? multiply(a, scaled(b)) : scaled(multiply(a, b))];
  },

  // (a, b) → (a·cos − b·sin, b·cos + a·sin), for a in the first and b in the second half of the head: the head
  // times (cos, cos), and the head with its halves exchanged times (−sin, sin).
  rope: (e, node) => {
    const [x, positions, cos, sin] = node.inputs as [Value, Value, Value, Value];
    const half = Number(x.shape[3]) / 2;
    const exchanged = e.kernel('Roll', [e.slot(x), e.constant('i32', half), e.constant('i32', 3)]);
    const key = `rope ${positions.id} ${cos.id} ${sin.id} ${String(x.shape[2])}`;
    const [along, across] = e.shared(key, () => {
      const [c, s] = [cos, sin].map((table) => rowsOf(e, table, positions));
      const minus = e.kernel('Neg', [s!]);
      return [halves(e, c!, c!, x), halves(e, minus, s!, x)];
    });
    return [e.kernel('AddV2', [e.kernel('Mul', [e.slot(x), along!]), e.kernel('Mul', [exchanged, across!])])];
  },
};

/** The rows of a table at some positions [B, T], as [B, T, 1, d/2]. */
function rowsOf(e: Emitter, table: Value, positions: Value): Slot {
  const rows = e.kernel('GatherV2', [e.slot(table), e.slot(positions), e.constant('i32', 0)]);
  return e.kernel('ExpandDims', [rows, e.constant('i32', 2)]);
}

/** Two halves of a head beside each other, repeated for all heads: products of equal shapes are much faster. */
function halves(e: Emitter, first: Slot, second: Slot, { dtype, shape }: Value): Slot {
  const both = e.kernel('ConcatV2', [first, second, e.constant('i32', 3)], { N: 2, T: dtype, Tidx: 'i32' });
  return e.kernel('BroadcastTo', [both, e.sizes(shape)]);
}

/** The number of elements if every symbol is of an ordinary size. */
function typicalSize(shape: Shape): number {
  const ordinary = new Map(symbolsOf(shape).map((symbol) => [symbol, symbol === 'B' ? 4 : 256]));
  return bindShape(shape, ordinary).reduce((product, size) => product * size, 1);
}
