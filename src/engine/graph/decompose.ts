import type { GraphBuilder } from './builder';
import { knownSize } from './builder';
import { rewrite } from './rewrite';
import { multiplyDims } from './shape';
import { isHalfDtype } from './types';
import type { Attributes, Graph, Op, Value } from './types';

type Decomposition<K extends Op> = (
  b: GraphBuilder,
  inputs: readonly Value[],
  attributes: Attributes[K],
) => readonly Value[];

/** High-level ops in terms of simpler ones, for runtimes without a kernel of their own. */
export const decompositions = {
  attention: (b, [q, k, v, mask], { scale }) => {
    const heads = splitHeads(b, q!, k!, v!);
    const probabilities = attentionProbabilities(b, heads, mask!, scale);
    return [mergeHeads(b, b.matmul(like(b, probabilities, q!), heads.v), q!)];
  },

  // With P = softmax(S), S = scale·QKᵀ + mask:  dV = Pᵀ·dO,  dP = dO·Vᵀ,  dS = P ∘ (dP − rowsum(dP ∘ P)),
  // dQ = scale·dS·K,  dK = scale·dSᵀ·Q.  Grouped queries are rows of one matrix, so that the sums over a
  // group, which dK and dV need, are part of the products.
  attentionGrad: (b, [q, k, v, mask, dy], { scale }) => {
    const heads = splitHeads(b, q!, k!, v!);
    // The gate keeps the probabilities of all layers from being computed ahead and held.
    const probabilities = attentionProbabilities(b, heads, b.gate(mask!, dy!), scale);
    const dOut = groupQueries(b, dy!, k!);
    const dv = b.matmul(like(b, probabilities, q!), dOut, { transposeA: true });
    const dp = b.cast(b.matmul(dOut, heads.v, { transposeB: true }), 'f32');
    const rows = b.reduceSum(b.mul(dp, probabilities), [3], true);
    const ds = like(b, b.mul(probabilities, b.sub(dp, rows)), q!);
    const dq = b.matmul(ds, heads.k, { alpha: scale });
    const dk = b.matmul(ds, heads.q, { transposeA: true, alpha: scale });
    return [mergeHeads(b, dq, q!), b.transpose(dk, [0, 2, 1, 3]), b.transpose(dv, [0, 2, 1, 3])];
  },

  swiglu: (b, [gate, up]) => [b.mul(b.op('silu', {}, gate!), up!)],

  swigluGrad: (b, [gate, up, dy]) => {
    const { silu, slope } = siluSlope(b, gate!, dy!);
    return [b.mul(b.mul(dy!, up!), slope), b.mul(dy!, silu)];
  },

  siluGrad: (b, [x, dy]) => {
    return [b.mul(dy!, siluSlope(b, x!, dy!).slope)];
  },

  // log-sum-exp by way of the probabilities, which the backward pass needs anyway:
  // for the largest logit m, log Σ exp = m − log softmax(m), and softmax(m) ≥ 1/vocabulary never underflows.
  // m − logit comes first: large logits would swallow the digits of the logarithm.
  crossEntropy: (b, [logits, labels]) => {
    const largest = b.reduceMax(logits!, [1]);
    const probability = b.reduceMax(b.softmax(logits!), [1]);
    const distance = b.sub(largest, b.op('pick', {}, logits!, labels!));
    return [b.reduceSum(b.sub(distance, b.op('log', {}, probability)), [0])];
  },

  countCorrect: (b, [logits, labels]) => {
    const largest = b.reduceMax(logits!, [1]);
    const correct = b.op('equal', {}, b.op('pick', {}, logits!, labels!), largest);
    return [b.reduceSum(b.op('toFloat', {}, correct), [0])];
  },
} satisfies { readonly [K in Op]?: Decomposition<K> };

/** The ops that have a decomposition. */
export type ComposedOp = keyof typeof decompositions;

/** Replaces the ops that have a decomposition, except those in `native`. */
export function decompose(graph: Graph, native: ReadonlySet<Op> = new Set()): Graph {
  return rewrite(graph, (node, inputs, b) => {
    if (native.has(node.op) || !(node.op in decompositions)) return undefined;
    const rule = decompositions[node.op as ComposedOp] as Decomposition<Op>;
    return rule(b, inputs, node.attributes);
  });
}

/** silu(x) = x·σ(x), so silu'(x) = σ(x)·(1 + x − silu(x)). The gate keeps both from being computed ahead and held. */
function siluSlope(b: GraphBuilder, x: Value, dy: Value): { silu: Value; slope: Value } {
  const gated = b.gate(x, dy);
  const sigmoid = b.op('sigmoid', {}, gated);
  const silu = b.mul(gated, sigmoid);
  return { silu, slope: b.mul(sigmoid, b.add(b.sub(gated, silu), like(b, b.scalar(1), x))) };
}

/** x in the precision of `other`. */
function like(b: GraphBuilder, x: Value, other: Value): Value {
  return isHalfDtype(other.dtype) ? b.cast(x, other.dtype) : x;
}

interface Heads {
  /** H, the number of query heads */
  readonly count: number;
  /** [B, K, G·T, d]: the queries of a group below each other */
  readonly q: Value;
  /** [B, K, T, d] */
  readonly k: Value;
  readonly v: Value;
}

function splitHeads(b: GraphBuilder, q: Value, k: Value, v: Value): Heads {
  const count = knownSize(q.shape[2]);
  return { count, q: groupQueries(b, q, k), k: b.transpose(k, [0, 2, 1, 3]), v: b.transpose(v, [0, 2, 1, 3]) };
}

/** [B, T, K·G, d] → [B, K, G·T, d] */
function groupQueries(b: GraphBuilder, q: Value, k: Value): Value {
  const [batch, length, heads, size] = q.shape;
  const group = knownSize(heads) / knownSize(k.shape[2]);
  const transposed = b.transpose(q, [0, 2, 1, 3]);
  if (group === 1) return transposed;
  return b.reshape(transposed, [batch!, k.shape[2]!, multiplyDims(group, length!), size!]);
}

/** The inverse of {@link groupQueries}: [B, K, G·T, d] → [B, T, K·G, d], the layout of `like`. */
function mergeHeads(b: GraphBuilder, x: Value, like: Value): Value {
  const [batch, length, heads, size] = like.shape;
  return b.transpose(b.reshape(x, [batch!, heads!, length!, size!]), [0, 2, 1, 3]);
}

/** softmax(scale · QKᵀ + mask), [B, K, G·T, T], in f32 also where queries and keys are in half precision */
function attentionProbabilities(b: GraphBuilder, heads: Heads, mask: Value, scale: number): Value {
  const grouped = b.matmul(heads.q, heads.k, { transposeB: true, alpha: scale });
  const [batch, kvHeads, rows, length] = grouped.shape;
  const scores = b.reshape(b.cast(grouped, 'f32'), [batch!, heads.count, length!, length!]);
  return b.reshape(b.softmax(b.add(scores, mask)), [batch!, kvHeads!, rows!, length!]);
}
