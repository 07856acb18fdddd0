import { knownSize } from '../../graph/builder';
import { multiplyDims } from '../../graph/shape';
import type { Value } from '../../graph/types';
import type { Emitter } from './emitter';
import { inputNames, resultName } from './lowering';
import type { Lowerings } from './lowering';

/**
 * Attention to earlier positions. Stored keys and values are read where they lie and never joined with the new ones:
 * only the scores are, which are far fewer.
 */
export const cachedAttentions: Lowerings<'cacheMask' | 'cachedAttention'> = {
  cacheMask: (e, node) => {
    const [positions, lengths, slots] = inputNames(e, node) as [string, string, string];
    const query = e.node('Unsqueeze', [positions, e.constant('i64', [1, 3])]);
    let allowed = e.node('Less', [slots, e.node('Unsqueeze', [lengths, e.constant('i64', [1, 2, 3])])]);
    const { window } = node.attributes;
    if (window !== null) {
      const nearest = e.node('Sub', [query, e.constant('i32', window)]);
      allowed = e.node('And', [allowed, e.node('Greater', [slots, nearest])]);
    }
    const mask = e.node('Where', [allowed, e.constant('f32', 0), e.constant('f32', -Infinity)]);
    e.node('Expand', [mask, e.shape(node.outputs[0]!.shape)], {}, { output: resultName(e, node) });
  },

  cachedAttention: (e, node) => {
    const [q, k, v, mask, pastKeys, pastValues, pastMask] = node.inputs as Value[];
    const [batch, length, heads, size] = q!.shape;
    const [kvHeads, past] = pastKeys!.shape.slice(1);
    const group = knownSize(heads) / knownSize(kvHeads);
    const rows = multiplyDims(group, length!);
    // Scaled beforehand: for a single position there is a fast way to multiply, without any factor.
    const scaled = e.node('Mul', [e.name(q!), e.constant('f32', node.attributes.scale)]);
    // [B, K, G·T, d]: the queries of a group below each other
    const turned = e.node('Transpose', [scaled], { perm: [0, 2, 1, 3] });
    const byHead = [batch!, heads!, length!, size!];
    const grouped = [batch!, kvHeads!, rows, size!];
    const queries = e.reshape(turned, byHead, grouped);
    const output = { output: resultName(e, node) };
    if (e.provider.joinsCache) {
      const [keys, values] = [withEarlier(e, pastKeys!, k!), withEarlier(e, pastValues!, v!)];
      const all = e.node('Add', [productWithTransposed(e, queries, keys), groupedMask(e, pastMask!, mask!, group)]);
      const mixed = e.node('MatMul', [e.node('Softmax', [all], { axis: -1 }), values]);
      e.node('Transpose', [e.reshape(mixed, grouped, byHead)], { perm: [0, 2, 1, 3] }, output);
      return;
    }
    const scores = [e.name(pastKeys!), e.name(k!)].map((keys) => productWithTransposed(e, queries, keys));
    const joined = e.node('Concat', scores, { axis: 3 });
    const masked = e.node('Add', [joined, groupedMask(e, pastMask!, mask!, group)]);
    const probabilities = e.node('Softmax', [masked], { axis: -1 });
    const shares = [e.fresh('past_share'), e.fresh('own_share')];
    e.node('Split', [probabilities, e.shape([past!, length!])], { axis: 3 }, { outputs: shares });
    const parts = [pastValues!, v!].map((values, i) => e.node('MatMul', [shares[i]!, e.name(values)]));
    const mixed = e.reshape(e.node('Add', parts), grouped, byHead);
    e.node('Transpose', [mixed], { perm: [0, 2, 1, 3] }, output);
  },
};

/** The name of the earlier and the new keys (or values) in one, where they are joined. */
export const joinedName = (past: string): string => `${past} and new`;

function withEarlier(e: Emitter, past: Value, own: Value): string {
  return e.node('Concat', [e.name(past), e.name(own)], { axis: 2 }, { output: joinedName(e.name(past)) });
}

/** a · bᵀ for stacks of matrices. */
function productWithTransposed(e: Emitter, a: string, b: string): string {
  if (e.provider.computesFusedProducts) {
    return e.node('FusedMatMul', [a, b], { transA: 0, transB: 1 }, { domain: 'com.microsoft' });
  }
  return e.node('MatMul', [a, e.node('Transpose', [b], { perm: [0, 1, 3, 2] })]);
}

/** The masks of earlier and of new positions beside each other, once for each query head of a group; [B, 1, G·T, P+T] */
function groupedMask(e: Emitter, pastMask: Value, mask: Value, group: number): string {
  return e.once(`mask ${pastMask.id} ${mask.id} ${group}`, () => {
    const both = e.node('Concat', [e.name(pastMask), e.name(mask)], { axis: 3 });
    const copies = Array.from({ length: group }, () => both);
    return group === 1 ? both : e.node('Concat', copies, { axis: 2 });
  });
}
