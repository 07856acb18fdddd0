import { knownSize } from '../../graph/builder';
import { multiplyDims } from '../../graph/shape';
import type { Value } from '../../graph/types';
import type { Emitter } from './emitter';
import { inputSlots } from './lowering';
import type { Lowerings } from './lowering';
import type { Slot } from './plan';

/** Attention to earlier positions, whose keys and values are read where they lie; only scores are joined. */
export const cachedAttentions: Lowerings<'cacheMask' | 'cachedAttention'> = {
  cacheMask: (e, node) => {
    const [positions, lengths, slots] = inputSlots(e, node) as [Slot, Slot, Slot];
    const expanded = (slot: Slot, ...axes: readonly number[]): Slot =>
      axes.reduce((inner, axis) => e.kernel('ExpandDims', [inner, e.constant('i32', axis)]), slot);
    const query = expanded(positions, 1, 3);
    let allowed = e.kernel('Less', [slots, expanded(lengths, 1, 2, 3)]);
    const { window } = node.attributes;
    if (window !== null) {
      const nearest = e.kernel('Sub', [query, e.constant('i32', window)]);
      allowed = e.kernel('LogicalAnd', [allowed, e.kernel('Greater', [slots, nearest])]);
    }
    const mask = e.kernel('SelectV2', [allowed, e.constant('f32', 0), e.constant('f32', -Infinity)]);
    return [e.kernel('BroadcastTo', [mask, e.sizes(node.outputs[0]!.shape)])];
  },

  cachedAttention: (e, node) => {
    const [q, k, v, mask, pastKeys, pastValues, pastMask] = node.inputs as Value[];
    const [batch, length, heads, size] = q!.shape;
    const [kvHeads, past] = pastKeys!.shape.slice(1);
    const group = knownSize(heads) / knownSize(kvHeads);
    const rows = multiplyDims(group, length!);
    const turn = (slot: Slot): Slot => e.kernel('Transpose', [slot, e.constant('i32', [0, 2, 1, 3])]);
    const grouped = e.reshape(turn(e.slot(q!)), [batch!, kvHeads!, rows, size!]);
    const queries = e.kernel('Mul', [grouped, e.constant('f32', node.attributes.scale)]);
    const scores = [pastKeys!, k!].map((keys) => {
      return e.kernel('BatchMatMulV2', [queries, e.slot(keys)], { adj_x: false, adj_y: true });
    });
    const masked = e.kernel('AddV2', [joined(e, scores, 3), groupedMask(e, pastMask!, mask!, group)]);
    const probabilities = e.kernel('Softmax', [masked]);
    const part = (start: readonly [0, 0, 0, 0] | undefined, columns: typeof past): Slot => {
      const begin = start === undefined ? e.sizes([0, 0, 0, past!]) : e.constant('i32', start);
      return e.kernel('Slice', [probabilities, begin, e.sizes([batch!, kvHeads!, rows, columns!])]);
    };
    const parts = [
      [part([0, 0, 0, 0], past), pastValues!],
      [part(undefined, length), v!],
    ] as const;
    const products = parts.map(([shares, values]) => {
      return e.kernel('BatchMatMulV2', [shares, e.slot(values)], { adj_x: false, adj_y: false });
    });
    const mixed = e.kernel('AddV2', products);
    return [turn(e.reshape(mixed, [batch!, heads!, length!, size!]))];
  },
};

function joined(e: Emitter, slots: readonly Slot[], axis: number): Slot {
  return e.kernel('ConcatV2', [...slots, e.constant('i32', axis)], { N: slots.length, T: 'f32', Tidx: 'i32' });
}

/** The masks of earlier and of new positions beside each other, once for each query head of a group; [B, 1, G·T, P+T] */
function groupedMask(e: Emitter, pastMask: Value, mask: Value, group: number): Slot {
  const key = `joined mask ${pastMask.id} ${mask.id} ${group}`;
  const [slot] = e.shared(key, () => {
    const both = joined(e, [e.slot(pastMask), e.slot(mask)], 3);
    return [group === 1 ? both : joined(e, Array<Slot>(group).fill(both), 2)];
  });
  return slot!;
}
