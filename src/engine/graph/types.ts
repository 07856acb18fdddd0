/** Element types of what a graph is given and of what it gives. */
export type Dtype = 'f32' | 'i32' | 'bool';
/** The element types of half precision: IEEE 754 binary16, and bfloat16, which is the upper half of a binary32. */
export const halfDtypes = ['f16', 'bf16'] as const;
export type HalfDtype = (typeof halfDtypes)[number];
/** The element types that are computed with. */
export type FloatDtype = 'f32' | HalfDtype;
/** Element types of values inside a graph: those of a graph that computes in half precision may be in it. */
export type ValueDtype = Dtype | HalfDtype;

export function isHalfDtype(dtype: string): dtype is HalfDtype {
  return (halfDtypes as readonly string[]).includes(dtype);
}

/**
 * One dimension: a number, or a product with symbols such as `B`, `B*T` or `3*T` (number first, symbols sorted)
 * whose sizes are known only when the graph runs. A symbol gets its size from an input that has it as a dimension.
 * `B` and `T`, rows and positions of a batch, are at least 1; any other symbol may be 0.
 */
export type Dim = number | string;
export type Shape = readonly Dim[];

/** Attributes of each op. Together with {@link arity} this is the whole vocabulary of a graph. */
export interface Attributes {
  // Leaves
  /** Given anew at each run. */
  input: { readonly name: string; readonly dtype: Dtype; readonly shape: Shape };
  /** A frozen weight, given once when the graph is compiled; held as f32 if `dtype` is left out. */
  weight: { readonly name: string; readonly shape: Shape; readonly dtype?: HalfDtype };
  constant: { readonly dtype: Dtype; readonly shape: readonly number[]; readonly data: ArrayLike<number> };
  /**
   * (after) → a frozen weight that is held in fewer bits and widened to f32 for those who read this, not before `after`
   * is there. Each place that reads a weight has an `unpack` of its own, so that it is never held wide for long.
   */
  unpack: { readonly name: string; readonly shape: Shape };

  // Element-wise, with NumPy broadcasting
  add: Empty;
  sub: Empty;
  mul: Empty;
  /** factor · x */
  scale: { readonly factor: number };
  log: Empty;
  tanh: Empty;
  sigmoid: Empty;
  silu: Empty;
  /** (x, dy) → dx */
  siluGrad: Empty;
  /** (gate, up) → silu(gate) · up, the gated unit of LLaMA's MLP */
  swiglu: Empty;
  /** (gate, up, dy) → (dgate, dup) */
  swigluGrad: Empty;
  gelu: { readonly approximate: GeluApproximation };
  /** (x, dy) → dx */
  geluGrad: { readonly approximate: GeluApproximation };
  /** (x, mask: bool) → x where the mask is true, else 0 */
  keep: Empty;
  /** (a, b) → bool, with broadcasting */
  equal: Empty;
  /** bool or i32 → f32 */
  toFloat: Empty;
  /** f32 ↔ half precision, rounded to the nearest; what is too large becomes infinite. */
  cast: { readonly to: FloatDtype };
  /** (x, after) → x, not before `after` has been computed: orders the schedule, never changes a number. */
  gate: Empty;

  // Products and layout
  /** (a, b) → alpha · op(a) · op(b); both of rank 2, or of equal rank with equal leading dimensions. */
  matmul: { readonly transposeA: boolean; readonly transposeB: boolean; readonly alpha: number };
  transpose: { readonly permutation: readonly number[] };
  reshape: { readonly shape: Shape };
  expand: { readonly shape: Shape };
  reduceSum: Reduction;
  reduceMax: Reduction;
  slice: { readonly axis: number; readonly start: number; readonly end: number };
  concat: { readonly axis: number };

  // Rows by number
  /** (table [rows, d], indices [...]) → [..., d] */
  gather: Empty;
  /** (indices [n], updates [n, d]) → [rows, d], rows that occur more than once are added up. */
  scatterAdd: { readonly rows: Dim };
  /** (x [n, v], indices [n]) → [n], x[i, indices[i]] */
  pick: Empty;
  /** indices [n] → [n, depth] */
  oneHot: { readonly depth: number };

  // Layers
  /** Over the last axis. */
  softmax: Empty;
  /** (x [..., d], weight [d]) → x / sqrt(mean(x²) + epsilon) · weight */
  rmsNorm: Norm;
  /** (x, weight, dy) → dx */
  rmsNormGrad: Norm;
  /** (x, dy) → dweight [d] */
  rmsNormWeightGrad: Norm;
  /** (x [..., d], weight [d], bias [d]) */
  layerNorm: Norm;
  /** (x, weight, dy) → dx */
  layerNormGrad: Norm;
  /** (x, dy) → dweight [d] */
  layerNormWeightGrad: Norm;
  /** (x [B, T, heads, d], positions [B, T], cos [L, d/2], sin [L, d/2]): rotates the two halves of d. */
  rope: Empty;
  /**
   * (positions [B, T], segments [B, T]) → [B, 1, T, T] of 0 (may look) and -inf: same segment, not later,
   * and with a window only the last `window` positions.
   */
  attentionMask: { readonly window: number | null };
  /** (q [B, T, H, d], k [B, T, K, d], v [B, T, K, d], mask [B, 1, T, T]) → [B, T, H, d]; K divides H. */
  attention: { readonly scale: number };
  /** (q, k, v, mask, dy) → (dq, dk, dv) */
  attentionGrad: { readonly scale: number };
  /**
   * (positions [B, T], lengths [B], slots [P]) → [B, 1, T, P] of 0 (may look) and -inf, for texts that are continued:
   * slot s of a row's store holds the position s, of which the first `lengths` are there; with a window only the last
   * `window` positions count.
   */
  cacheMask: { readonly window: number | null };
  /**
   * Attention of T new positions to each other and to P earlier ones, whose keys and values are there already:
   * (q [B, T, H, d], k [B, K, T, d], v [B, K, T, d], mask [B, 1, T, T],
   * past keys [B, K, P, d], past values [B, K, P, d], past mask [B, 1, T, P]) → [B, T, H, d]; K divides H.
   * Keys and values come head by head, as they are stored. Stored numbers are finite, also where nobody may look.
   */
  cachedAttention: { readonly scale: number };
  /** (logits [n, v], labels [n]) → scalar sum of -log softmax(logits)[label] */
  crossEntropy: Empty;
  /** (logits [n, v], labels [n]) → scalar number of rows whose label has the largest logit */
  countCorrect: Empty;
}

export type Empty = Readonly<Record<string, never>>;
export interface Norm {
  readonly epsilon: number;
}
export interface Reduction {
  readonly axes: readonly number[];
  readonly keepDims: boolean;
}
export type GeluApproximation = 'none' | 'tanh';

export type Op = keyof Attributes;

/** Number of inputs of each op; `null` where it takes any positive number. */
export const arity: Readonly<Record<Op, number | null>> = {
  input: 0,
  weight: 0,
  constant: 0,
  unpack: 1,
  add: 2,
  sub: 2,
  mul: 2,
  scale: 1,
  log: 1,
  tanh: 1,
  sigmoid: 1,
  silu: 1,
  siluGrad: 2,
  swiglu: 2,
  swigluGrad: 3,
  gelu: 1,
  geluGrad: 2,
  keep: 2,
  equal: 2,
  toFloat: 1,
  cast: 1,
  gate: 2,
  matmul: 2,
  transpose: 1,
  reshape: 1,
  expand: 1,
  reduceSum: 1,
  reduceMax: 1,
  slice: 1,
  concat: null,
  gather: 2,
  scatterAdd: 2,
  pick: 2,
  oneHot: 1,
  softmax: 1,
  rmsNorm: 2,
  rmsNormGrad: 3,
  rmsNormWeightGrad: 2,
  layerNorm: 3,
  layerNormGrad: 3,
  layerNormWeightGrad: 2,
  rope: 4,
  attentionMask: 2,
  attention: 4,
  attentionGrad: 5,
  cacheMask: 3,
  cachedAttention: 7,
  crossEntropy: 2,
  countCorrect: 2,
};

export interface TensorType {
  readonly dtype: ValueDtype;
  readonly shape: Shape;
}

/** One result of a node. */
export interface Value extends TensorType {
  readonly id: number;
  readonly node: Node;
}

/** Where in the model and in which pass a node belongs; for names, printing and the recomputation pass. */
export interface Origin {
  /** Module path, such as `model.layers.3.self_attn`. */
  readonly scope: string;
  /** Index of the repeated block (decoder layer), if the node lies in one. */
  readonly block: number | undefined;
  readonly phase: 'forward' | 'backward';
}

interface NodeOf<K extends Op> extends Origin {
  readonly id: number;
  readonly op: K;
  readonly attributes: Attributes[K];
  readonly inputs: readonly Value[];
  readonly outputs: readonly Value[];
}

/** A node of op K; as a union over all ops, `node.op` narrows `node.attributes`. */
export type Node<K extends Op = Op> = { [P in K]: NodeOf<P> }[K];

/** A program: nodes in an order in which each comes after what it reads, and the named results. */
export interface Graph {
  readonly nodes: readonly Node[];
  readonly outputs: ReadonlyMap<string, Value>;
}
