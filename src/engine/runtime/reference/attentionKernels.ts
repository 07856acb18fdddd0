import { at, forEachPlace, generate, offsetOf, sum, zeros } from './array';
import type { DenseArray } from './array';
import type { Kernels } from './kernel';
import { softmax } from './normKernels';

/** Attention, its mask and rotary positions. */
export const attentionKernels: Kernels<
  'rope' | 'attentionMask' | 'attention' | 'attentionGrad' | 'cacheMask' | 'cachedAttention'
> = {
  // (a, b) → (a·cos − b·sin, b·cos + a·sin) for a in the first and b in the second half of the head.
  rope: ([x, positions, cos, sin]) => {
    const half = x!.shape[3]! / 2;
    const rotated = generate(x!.shape, ([row, time, head, i]) => {
      const position = at(positions!, row!, time!);
      if (position < 0 || position >= cos!.shape[0]!) throw new Error(`The tables have no position ${position}`);
      const [c, s] = [at(cos!, position, i! % half), at(sin!, position, i! % half)];
      const [self, other] = [at(x!, row!, time!, head!, i!), at(x!, row!, time!, head!, (i! + half) % (2 * half))];
      return self * c + (i! < half ? -other : other) * s;
    });
    return [rotated];
  },

  attentionMask: ([positions, segments], { window }) => {
    const [batch, length] = positions!.shape as [number, number];
    const mask = generate([batch, 1, length, length], ([row, , query, key]) => {
      const distance = at(positions!, row!, query!) - at(positions!, row!, key!);
      const sameSegment = at(segments!, row!, query!) === at(segments!, row!, key!);
      const near = distance >= 0 && (window === null || distance < window);
      return sameSegment && near ? 0 : -Infinity;
    });
    return [mask];
  },

  attention: ([q, k, v, mask], { scale }) => {
    const probabilities = attentionProbabilities(q!, k!, mask!, scale);
    const result = generate(q!.shape, ([row, time, head, i]) => {
      const shared = sharedHead(head!, q!, k!);
      return weighted(probabilities, row!, head!, time!, (key) => at(v!, row!, key, shared, i!));
    });
    return [result];
  },

  // O = P·V and P = softmax(S), S = scale·Q·Kᵀ + mask, for one query at a time:
  // dV_s += P_s·dO,  dP_s = dO·V_s,  dS_s = P_s·(dP_s − Σ_u P_u·dP_u),  dQ += scale·dS_s·K_s,  dK_s += scale·dS_s·Q
  attentionGrad: ([q, k, v, mask, dy], { scale }) => {
    const probabilities = attentionProbabilities(q!, k!, mask!, scale);
    const [dq, dk, dv] = [zeros(q!.shape), zeros(k!.shape), zeros(v!.shape)];
    const [batch, length, heads, size] = q!.shape as [number, number, number, number];
    forEachPlace([batch, length, heads, length], (place) => {
      const [row, time, head, key] = place as [number, number, number, number];
      const shared = sharedHead(head, q!, k!);
      const slope = (s: number): number =>
        sum(Array.from({ length: size }, (_, i) => at(dy!, row, time, head, i) * at(v!, row, s, shared, i)));
      const p = at(probabilities, row, head, time, key);
      const ds = p * (slope(key) - weighted(probabilities, row, head, time, slope));
      for (let i = 0; i < size; i++) {
        const [query, other] = [offsetOf(q!.shape, [row, time, head, i]), offsetOf(k!.shape, [row, key, shared, i])];
        dq.data[query]! += scale * ds * k!.data[other]!;
        dk.data[other]! += scale * ds * q!.data[query]!;
        dv.data[other]! += p * dy!.data[query]!;
      }
    });
    return [dq, dk, dv];
  },

  cacheMask: ([positions, lengths, slots], { window }) => {
    const [batch, length] = positions!.shape as [number, number];
    const mask = generate([batch, 1, length, slots!.shape[0]!], ([row, , query, slot]) => {
      const stored = at(slots!, slot!);
      const near = window === null || at(positions!, row!, query!) - stored < window;
      return stored < at(lengths!, row!) && near ? 0 : -Infinity;
    });
    return [mask];
  },

  cachedAttention: ([q, k, v, mask, pastKeys, pastValues, pastMask], { scale }) => {
    const [past, length, size] = [pastKeys!.shape[2]!, q!.shape[1]!, q!.shape[3]!];
    const group = q!.shape[2]! / k!.shape[1]!;
    const result = zeros(q!.shape);
    forEachPlace(q!.shape.slice(0, 3), (place, offset) => {
      const [row, time, head] = place as [number, number, number];
      const shared = Math.floor(head / group);
      const stored = (old: DenseArray, fresh: DenseArray, key: number, i: number): number =>
        key < past ? at(old, row, shared, key, i) : at(fresh, row, shared, key - past, i);
      const scores = Float64Array.from({ length: past + length }, (_, key) => {
        const products = Array.from(
          { length: size },
          (__, i) => at(q!, row, time, head, i) * stored(pastKeys!, k!, key, i),
        );
        const allowed = key < past ? at(pastMask!, row, 0, time, key) : at(mask!, row, 0, time, key - past);
        return scale * sum(products) + allowed;
      });
      softmax(scores).forEach((share, key) => {
        for (let i = 0; i < size; i++) result.data[offset * size + i]! += share * stored(pastValues!, v!, key, i);
      });
    });
    return [result];
  },
};

/** The key head that a query head reads: heads come in H/K neighbouring groups. */
function sharedHead(head: number, q: DenseArray, k: DenseArray): number {
  return Math.floor(head / (q.shape[2]! / k.shape[2]!));
}

/** [B, H, T, T] */
function attentionProbabilities(q: DenseArray, k: DenseArray, mask: DenseArray, scale: number): DenseArray {
  const [batch, length, heads, size] = q.shape as [number, number, number, number];
  const result = zeros([batch, heads, length, length]);
  forEachPlace([batch, heads, length], (place, offset) => {
    const [row, head, time] = place as [number, number, number];
    const scores = Float64Array.from({ length }, (_, key) => {
      const products = Array.from(
        { length: size },
        (__, i) => at(q, row, time, head, i) * at(k, row, key, sharedHead(head, q, k), i),
      );
      return scale * sum(products) + at(mask, row, 0, time, key);
    });
    result.data.set(softmax(scores), offset * length);
  });
  return result;
}

/** Σ_s P[row, head, time, s]·value(s) */
function weighted(
  probabilities: DenseArray,
  row: number,
  head: number,
  time: number,
  value: (key: number) => number,
): number {
  const length = probabilities.shape[3]!;
  let total = 0;
  for (let s = 0; s < length; s++) total += at(probabilities, row, head, time, s) * value(s);
  return total;
}
