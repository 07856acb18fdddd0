import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { GraphBuilder } from '../../../src/engine/graph/builder';
import { inferTypes } from '../../../src/engine/graph/shapeRules';
import { isHalfDtype } from '../../../src/engine/graph/types';
import type { Attributes, Dtype, Op, Shape, TensorType } from '../../../src/engine/graph/types';

const f32 = (...shape: Shape): TensorType => ({ dtype: 'f32', shape });
const i32 = (...shape: Shape): TensorType => ({ dtype: 'i32', shape });

function infers<K extends Op>(op: K, attributes: Attributes[K], inputs: TensorType[], ...results: TensorType[]): void {
  test(`${op} of ${inputs.map(({ shape }) => `[${shape.join(', ')}]`).join(' and ')}`, () => {
    assert.deepEqual(inferTypes(op, attributes, inputs), results);
  });
}

const plain = { transposeA: false, transposeB: false, alpha: 1 };
const epsilon = 1e-5;

describe('the type of a result follows from those of the inputs:', () => {
  infers('add', {}, [f32('B', 1, 4), f32(3, 1)], f32('B', 3, 4));
  infers('mul', {}, [i32(2), i32()], i32(2));
  infers('equal', {}, [i32('N'), i32(1)], { dtype: 'bool', shape: ['N'] });
  infers('toFloat', {}, [{ dtype: 'bool', shape: [3] }], f32(3));
  infers('swigluGrad', {}, [f32(2), f32(2), f32(2)], f32(2), f32(2));
  infers('matmul', plain, [f32('N', 4), f32(4, 5)], f32('N', 5));
  infers('matmul', { ...plain, transposeA: true }, [f32(4, 'N'), f32(4, 5)], f32('N', 5));
  infers('matmul', { ...plain, transposeB: true }, [f32('B', 2, 'T', 4), f32('B', 2, 'T', 4)], f32('B', 2, 'T', 'T'));
  infers('transpose', { permutation: [2, 0, 1] }, [i32(1, 'T', 3)], i32(3, 1, 'T'));
  infers('reshape', { shape: ['B*T', 4] }, [f32('B', 'T', 4)], f32('B*T', 4));
  infers('expand', { shape: ['B', 3] }, [f32(3)], f32('B', 3));
  infers('reduceSum', { axes: [0, 2], keepDims: false }, [f32('B', 'T', 4)], f32('T'));
  infers('reduceMax', { axes: [1], keepDims: true }, [f32('B', 'T')], f32('B', 1));
  infers('slice', { axis: 1, start: 1, end: 3 }, [i32('N', 4)], i32('N', 2));
  infers('concat', { axis: 1 }, [f32('N', 4), f32('N', 2), f32('N', 1)], f32('N', 7));
  infers('gather', {}, [f32(50, 8), i32('B', 'T')], f32('B', 'T', 8));
  infers('scatterAdd', { rows: 50 }, [i32('N'), f32('N', 8)], f32(50, 8));
  infers('pick', {}, [f32('N', 9), i32('N')], f32('N'));
  infers('oneHot', { depth: 9 }, [i32('N')], f32('N', 9));
  infers('rmsNorm', { epsilon }, [f32('B', 'T', 8), f32(8)], f32('B', 'T', 8));
  infers('layerNormWeightGrad', { epsilon }, [f32('N', 8), f32('N', 8)], f32(8));
  infers('attentionMask', { window: null }, [i32('B', 'T'), i32('B', 'T')], f32('B', 1, 'T', 'T'));
  infers(
    'attentionGrad',
    { scale: 1 },
    [f32('B', 'T', 4, 8), f32('B', 'T', 2, 8), f32('B', 'T', 2, 8), f32('B', 1, 'T', 'T'), f32('B', 'T', 4, 8)],
    f32('B', 'T', 4, 8),
    f32('B', 'T', 2, 8),
    f32('B', 'T', 2, 8),
  );
  infers('crossEntropy', {}, [f32('N', 9), i32('N')], f32());
});

function refuses<K extends Op>(
  what: string,
  op: K,
  attributes: Attributes[K],
  inputs: TensorType[],
  message: RegExp,
): void {
  test(`${op} refuses ${what}`, () => {
    const b = new GraphBuilder();
    const values = inputs.map(({ dtype, shape }, i) => {
      return isHalfDtype(dtype) ? b.cast(b.input(`x${i}`, 'f32', shape), dtype) : b.input(`x${i}`, dtype, shape);
    });
    assert.throws(
      () => b.within({ scope: 'model.layers.3' }, () => b.node(op, attributes, ...values)),
      (error: Error) => {
        assert.match(error.message, message);
        assert.match(
          error.message,
          new RegExp(`^${op} in model\\.layers\\.3: `),
          'the message says which node it is about',
        );
        return true;
      },
    );
  });
}

const q = f32('B', 'T', 4, 8);
const mask = f32('B', 1, 'T', 'T');

describe('what does not fit is named:', () => {
  refuses('shapes that do not broadcast', 'add', {}, [f32(2, 3), f32(4)], /\[2, 3\] and \[4\] do not broadcast/);
  refuses(
    'another number of sizes',
    'matmul',
    plain,
    [f32(2, 3), f32(1, 3, 4)],
    /cannot multiply \[2, 3\] by \[1, 3, 4\]/,
  );
  refuses('vectors', 'matmul', plain, [f32(3), f32(3)], /cannot multiply \[3\] by \[3\]/);
  refuses(
    'different inner sizes',
    'matmul',
    plain,
    [f32(2, 3), f32(4, 5)],
    /inner dimensions of \[2, 3\] and \[4, 5\]/,
  );
  refuses(
    'inner sizes that differ after transposing',
    'matmul',
    { ...plain, transposeB: true },
    [f32(2, 3), f32(3, 5)],
    /inner dimensions/,
  );
  refuses('different batches', 'matmul', plain, [f32(2, 3, 4), f32(3, 4, 5)], /\[2\] and \[3\] differ/);
  refuses('a permutation of another rank', 'transpose', { permutation: [1, 0] }, [f32(2, 3, 4)], /permutation/);
  refuses('another number of elements', 'reshape', { shape: [7] }, [f32(2, 3)], /\[2, 3\] cannot become \[7\]/);
  refuses('other symbols', 'reshape', { shape: ['B', 'N'] }, [f32('B', 'T')], /\[B, T\] cannot become \[B, N\]/);
  refuses('to lose an axis', 'expand', { shape: [3] }, [f32(2, 3)], /\[2, 3\] and \[3\] differ/);
  refuses('axes outside', 'reduceSum', { axes: [2], keepDims: false }, [f32(2, 3)], /axes 2 are outside \[2, 3\]/);
  refuses('negative axes', 'reduceMax', { axes: [-1], keepDims: false }, [f32(2, 3)], /axes -1 are outside/);
  refuses('a range outside', 'slice', { axis: 1, start: 2, end: 5 }, [f32(2, 4)], /slice is outside its axis/);
  refuses('an empty range', 'slice', { axis: 1, start: 2, end: 2 }, [f32(2, 4)], /slice is outside its axis/);
  refuses(
    'an axis of unknown size',
    'slice',
    { axis: 0, start: 0, end: 1 },
    [f32('N', 4)],
    /slice is outside its axis/,
  );
  refuses('other sizes beside the axis', 'concat', { axis: 0 }, [f32(2, 3), f32(2, 4)], /\[4\] and \[3\] differ/);
  refuses('to join unknown sizes', 'concat', { axis: 0 }, [f32('N', 3), f32('N', 3)], /only known sizes/);
  refuses('floats as row numbers', 'gather', {}, [f32(5, 3), f32(2)], /i32 numbers/);
  refuses('a table that is no matrix', 'gather', {}, [f32(5, 3, 2), i32(2)], /rows of a table/);
  refuses('other numbers of rows', 'scatterAdd', { rows: 9 }, [i32(2), f32(3, 4)], /\[2\] and \[3\] differ/);
  refuses('labels of another number', 'crossEntropy', {}, [f32('N', 9), i32('M')], /\[M\] and \[N\] differ/);
  refuses('float labels', 'pick', {}, [f32('N', 9), f32('N')], /expected rows and their numbers/);
  refuses('logits that are no rows', 'countCorrect', {}, [f32('B', 'T', 9), i32('B', 'T')], /expected rows/);
  refuses('a weight of another size', 'rmsNorm', { epsilon }, [f32('N', 8), f32(6)], /\[6\] and \[8\] differ/);
  refuses(
    'slopes of another shape',
    'layerNormGrad',
    { epsilon },
    [f32(3, 8), f32(8), f32(2, 8)],
    /\[2, 8\] and \[3, 8\]/,
  );
  refuses('slopes of another shape', 'swigluGrad', {}, [f32(3), f32(3), f32(4)], /\[4\] and \[3\] differ/);
  refuses('a mask of another shape', 'keep', {}, [f32(3), { dtype: 'bool', shape: [4] }], /\[3\] and \[4\] differ/);
  refuses(
    'rows without heads',
    'rope',
    {},
    [f32('B', 'T', 8), i32('B', 'T'), f32(9, 4), f32(9, 4)],
    /\[B, T, heads, d\]/,
  );
  refuses('other positions', 'rope', {}, [q, i32('T', 'B'), f32(9, 4), f32(9, 4)], /\[T, B\] and \[B, T\] differ/);
  refuses('tables of another head size', 'rope', {}, [q, i32('B', 'T'), f32(9, 8), f32(9, 8)], /tables do not fit/);
  refuses('segments of another shape', 'attentionMask', { window: null }, [i32('B', 'T'), i32('T')], /differ/);
  const attention = (what: string, k: TensorType, v: TensorType, m: TensorType, message: RegExp): void =>
    refuses(what, 'attention', { scale: 1 }, [q, k, v, m], message);
  attention('values unlike keys', f32('B', 'T', 2, 8), f32('B', 'T', 4, 8), mask, /\[B, T, 2, 8\] and \[B, T, 4, 8\]/);
  attention(
    'keys of another size',
    f32('B', 'T', 2, 6),
    f32('B', 'T', 2, 6),
    mask,
    /queries .* and keys .* do not fit/,
  );
  attention('uneven groups', f32('B', 'T', 3, 8), f32('B', 'T', 3, 8), mask, /3 key heads do not divide 4 query heads/);
  attention('a mask per head', f32('B', 'T', 4, 8), f32('B', 'T', 4, 8), f32('B', 4, 'T', 'T'), /\[B, 4, T, T\]/);
});

test('every element type can be an input', () => {
  const b = new GraphBuilder();
  for (const dtype of ['f32', 'i32', 'bool'] satisfies Dtype[]) {
    assert.deepEqual(
      { ...b.input(dtype, dtype, ['N', 2]), node: undefined, id: 0 },
      { dtype, shape: ['N', 2], node: undefined, id: 0 },
    );
  }
});
