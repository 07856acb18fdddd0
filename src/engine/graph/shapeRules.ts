import { broadcast, sameShape, sameSize, showShape } from './shape';
import { isHalfDtype } from './types';
import type { Attributes, Dim, Op, Reduction, Shape, TensorType, ValueDtype } from './types';

type ShapeRule<K extends Op> = (inputs: readonly TensorType[], attributes: Attributes[K]) => readonly TensorType[];

const f32 = (shape: Shape): TensorType => ({ dtype: 'f32', shape });
/** In the precision of the first input. */
const floats = (inputs: readonly TensorType[], shape: Shape): TensorType => ({ dtype: precisionOf(inputs), shape });
const precisionOf = ([x]: readonly TensorType[]): ValueDtype =>
  x !== undefined && isHalfDtype(x.dtype) ? x.dtype : 'f32';
const like = (inputs: readonly TensorType[]): readonly TensorType[] => [inputs[0]!];

function elementwise(inputs: readonly TensorType[]): readonly TensorType[] {
  const [a, b] = inputs as [TensorType, TensorType];
  expectAlike(inputs);
  return [{ dtype: a.dtype, shape: broadcast(a.shape, b.shape) }];
}

/** All inputs have one shape, which the results have too. */
function uniform(results: number) {
  return (inputs: readonly TensorType[]): readonly TensorType[] => {
    for (const input of inputs) expectSame(input.shape, inputs[0]!.shape);
    expectAlike(inputs);
    return Array.from({ length: results }, () => inputs[0]!);
  };
}

function expectAlike(inputs: readonly TensorType[]): void {
  const [first, ...rest] = inputs;
  for (const { dtype } of rest) expect(dtype === first!.dtype, `types ${first!.dtype} and ${dtype} differ`);
}

function expectSame(a: Shape, b: Shape): void {
  expect(sameShape(a, b), `shapes ${showShape(a)} and ${showShape(b)} differ`);
}

function expect(condition: boolean, message: string): asserts condition {
  if (!condition) throw new Error(message);
}

function matmul(inputs: readonly TensorType[], attributes: Attributes['matmul']): readonly TensorType[] {
  const [a, b] = inputs.map((input) => input.shape) as [Shape, Shape];
  expect(a.length === b.length && a.length >= 2, `cannot multiply ${showShape(a)} by ${showShape(b)}`);
  expectSame(a.slice(0, -2), b.slice(0, -2));
  const [m, ka] = attributes.transposeA ? [a.at(-1)!, a.at(-2)!] : [a.at(-2)!, a.at(-1)!];
  const [kb, n] = attributes.transposeB ? [b.at(-1)!, b.at(-2)!] : [b.at(-2)!, b.at(-1)!];
  expect(ka === kb, `inner dimensions of ${showShape(a)} and ${showShape(b)} differ`);
  expectAlike(inputs);
  return [floats(inputs, [...a.slice(0, -2), m, n])];
}

function reduce(inputs: readonly TensorType[], { axes, keepDims }: Reduction): readonly TensorType[] {
  const { shape } = inputs[0]!;
  expect(
    axes.every((axis) => axis >= 0 && axis < shape.length),
    `axes ${axes.join(', ')} are outside ${showShape(shape)}`,
  );
  const kept = shape.flatMap((dim, i): Dim[] => (!axes.includes(i) ? [dim] : keepDims ? [1] : []));
  return [floats(inputs, kept)];
}

function concat(inputs: readonly TensorType[], { axis }: Attributes['concat']): readonly TensorType[] {
  const first = inputs[0]!;
  expectAlike(inputs);
  const sizes = inputs.map(({ shape }) => {
    expectSame(shape.toSpliced(axis, 1), first.shape.toSpliced(axis, 1));
    const size = shape[axis];
    expect(typeof size === 'number', 'only known sizes can be joined');
    return size;
  });
  const total = sizes.reduce((sum, size) => sum + size, 0);
  return [{ dtype: first.dtype, shape: first.shape.with(axis, total) }];
}

function slice(inputs: readonly TensorType[], { axis, start, end }: Attributes['slice']): readonly TensorType[] {
  const { dtype, shape } = inputs[0]!;
  const size = shape[axis];
  expect(typeof size === 'number' && 0 <= start && start < end && end <= size, 'slice is outside its axis');
  return [{ dtype, shape: shape.with(axis, end - start) }];
}

function normalized(inputs: readonly TensorType[]): readonly TensorType[] {
  const [x, ...rest] = inputs as [TensorType, ...TensorType[]];
  for (const other of rest) {
    if (other.shape.length === 1) expectSame(other.shape, x.shape.slice(-1));
    else expectSame(other.shape, x.shape);
  }
  return [x];
}

function weightGrad(inputs: readonly TensorType[]): readonly TensorType[] {
  expectSame(inputs[0]!.shape, inputs[1]!.shape);
  return [floats(inputs, inputs[0]!.shape.slice(-1))];
}

function attention(inputs: readonly TensorType[]): readonly TensorType[] {
  const [q, k, v, mask] = inputs.map((input) => input.shape) as [Shape, Shape, Shape, Shape];
  expectAlike(inputs.slice(0, 3));
  expectSame(k, v);
  const [batch, length, heads, size] = q;
  const kvHeads = k[2];
  expect(
    q.length === 4 && k[0] === batch && k[1] === length && k[3] === size,
    `queries ${showShape(q)} and keys ${showShape(k)} do not fit`,
  );
  expect(
    typeof heads === 'number' && typeof kvHeads === 'number' && heads % kvHeads === 0,
    `${String(kvHeads)} key heads do not divide ${String(heads)} query heads`,
  );
  expectSame(mask, [batch!, 1, length!, length!]);
  return [floats(inputs, q)];
}

function cachedAttention(inputs: readonly TensorType[]): readonly TensorType[] {
  const [q, k, v, mask, pastKeys, pastValues, pastMask] = inputs.map<Shape | undefined>((input) => input.shape);
  const [batch, length, heads, size] = q!;
  const [kvHeads, past] = [k![1], pastKeys![2]];
  expect(q!.length === 4, `expected queries [B, T, heads, d], got ${showShape(q!)}`);
  expect(
    typeof heads === 'number' && typeof kvHeads === 'number' && heads % kvHeads === 0,
    `${String(kvHeads)} key heads do not divide ${String(heads)} query heads`,
  );
  for (const stored of [k!, v!]) expectSame(stored, [batch!, kvHeads, length!, size!]);
  for (const stored of [pastKeys!, pastValues!]) expectSame(stored, [batch!, kvHeads, past!, size!]);
  expectSame(mask!, [batch!, 1, length!, length!]);
  expectSame(pastMask!, [batch!, 1, length!, past!]);
  return [f32(q!)];
}

function perRow(inputs: readonly TensorType[]): Dim {
  const [x, indices] = inputs as [TensorType, TensorType];
  expect(x.shape.length === 2 && indices.dtype === 'i32', `expected rows and their numbers`);
  expectSame(indices.shape, x.shape.slice(0, 1));
  return x.shape[0]!;
}

/** Result types of each op from its input types. Throws an Error that says what does not fit. */
export const shapeRules: { readonly [K in Op]: ShapeRule<K> } = {
  input: (_, { dtype, shape }) => [{ dtype, shape }],
  weight: (_, { shape, dtype }) => [{ dtype: dtype ?? 'f32', shape }],
  constant: (_, { dtype, shape }) => [{ dtype, shape }],
  unpack: (_, { shape }) => [f32(shape)],
  add: elementwise,
  sub: elementwise,
  mul: elementwise,
  scale: like,
  log: like,
  tanh: like,
  sigmoid: like,
  silu: like,
  siluGrad: uniform(1),
  swiglu: uniform(1),
  swigluGrad: uniform(2),
  gelu: like,
  geluGrad: uniform(1),
  keep: ([x, mask]) => {
    expectSame(x!.shape, mask!.shape);
    return [x!];
  },
  equal: ([a, b]) => [{ dtype: 'bool', shape: broadcast(a!.shape, b!.shape) }],
  toFloat: (inputs) => [f32(inputs[0]!.shape)],
  cast: ([x], { to }) => {
    expect(x!.dtype === 'f32' || isHalfDtype(x!.dtype), `${x!.dtype} is no precision`);
    return [{ dtype: to, shape: x!.shape }];
  },
  gate: like,
  matmul,
  transpose: ([x], { permutation }) => {
    expect(permutation.length === x!.shape.length, 'permutation does not fit the rank');
    return [{ dtype: x!.dtype, shape: permutation.map((axis) => x!.shape[axis]!) }];
  },
  reshape: ([x], { shape }) => {
    expect(sameSize(x!.shape, shape), `${showShape(x!.shape)} cannot become ${showShape(shape)}`);
    return [{ dtype: x!.dtype, shape }];
  },
  expand: ([x], { shape }) => {
    expectSame(broadcast(x!.shape, shape), shape);
    return [{ dtype: x!.dtype, shape }];
  },
  reduceSum: reduce,
  reduceMax: reduce,
  slice,
  concat,
  gather: ([table, indices]) => {
    expect(table!.shape.length === 2 && indices!.dtype === 'i32', 'gather reads rows of a table by i32 numbers');
    return [floats([table!], [...indices!.shape, table!.shape[1]!])];
  },
  scatterAdd: ([indices, updates], { rows }) => {
    expectSame(indices!.shape, updates!.shape.slice(0, 1));
    return [floats([updates!], [rows, updates!.shape[1]!])];
  },
  pick: (inputs) => [floats(inputs, [perRow(inputs)])],
  oneHot: ([indices], { depth }) => [f32([...indices!.shape, depth])],
  softmax: like,
  rmsNorm: normalized,
  rmsNormGrad: normalized,
  rmsNormWeightGrad: weightGrad,
  layerNorm: normalized,
  layerNormGrad: normalized,
  layerNormWeightGrad: weightGrad,
  rope: ([x, positions, cos, sin]) => {
    expect(x!.shape.length === 4, `rope expects [B, T, heads, d], got ${showShape(x!.shape)}`);
    expectSame(positions!.shape, x!.shape.slice(0, 2));
    expectSame(cos!.shape, sin!.shape);
    expectAlike([x!, cos!, sin!]);
    expect(Number(cos!.shape[1]) * 2 === x!.shape[3], 'rope tables do not fit the head size');
    return [x!];
  },
  attentionMask: ([positions, segments]) => {
    expectSame(positions!.shape, segments!.shape);
    const [batch, length] = positions!.shape as [Dim, Dim];
    return [f32([batch, 1, length, length])];
  },
  attention,
  attentionGrad: (inputs) => {
    attention(inputs);
    expectSame(inputs[0]!.shape, inputs[4]!.shape);
    return inputs.slice(0, 3);
  },
  cacheMask: ([positions, lengths, slots]) => {
    const [batch, length] = positions!.shape as [Dim, Dim];
    expectSame(lengths!.shape, [batch]);
    expect(slots!.shape.length === 1, `expected slots [P], got ${showShape(slots!.shape)}`);
    return [f32([batch, 1, length, slots!.shape[0]!])];
  },
  cachedAttention,
  crossEntropy: (inputs) => {
    perRow(inputs);
    return [f32([])];
  },
  countCorrect: (inputs) => {
    perRow(inputs);
    return [f32([])];
  },
};

/** Result types of a node from its inputs. */
export function inferTypes(op: Op, attributes: Attributes[Op], inputs: readonly TensorType[]): readonly TensorType[] {
  // The table is total; the pairing of op and attributes is what `Node` guarantees.
  const rule = shapeRules[op] as (inputs: readonly TensorType[], attributes: Attributes[Op]) => readonly TensorType[];
  return rule(inputs, attributes);
}
