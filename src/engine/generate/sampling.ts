import { randomStream } from '../../random/randomStream';

/** Chooses the next token from its logits. */
export type Sampler = (logits: Float32Array) => number;

/** The token with the largest logit; the first of several. */
export const greedy: Sampler = (logits) => {
  let best = 0;
  for (let id = 1; id < logits.length; id++) if (logits[id]! > logits[best]!) best = id;
  return best;
};

/** How the next token is chosen, with the names and the order of Transformers' logits processors. */
export interface SamplingOptions {
  /** 0 is greedy. */
  readonly temperature: number;
  /** Only so many of the likeliest tokens take part; 0 is all. */
  readonly topK?: number;
  /** Only the likeliest tokens that together have this probability take part (Holtzman et al. 2020). */
  readonly topP: number;
  /** Only tokens that are at least this share as likely as the likeliest take part (Nguyen et al. 2024). */
  readonly minP?: number;
  readonly seed: number;
}

/** Draws from softmax(logits / temperature), cut to the likeliest; the same seed draws the same tokens. */
export function sampler({ temperature, topK = 0, topP, minP = 0, seed }: SamplingOptions): Sampler {
  if (temperature === 0) return greedy;
  const random = randomStream(seed, 'sampling');
  const isCut = topK > 0 || topP < 1 || minP > 0;
  // Whole vocabularies are passed several times for each token: in plain loops, and in memory that stays.
  let weights = new Float64Array(0);
  return (logits) => {
    const largest = logits[greedy(logits)]!;
    if (weights.length !== logits.length) weights = new Float64Array(logits.length);
    for (let id = 0; id < logits.length; id++) weights[id] = Math.exp((logits[id]! - largest) / temperature);
    const candidates = isCut ? likeliest(weights, topK, topP, minP) : undefined;
    return draw(weights, candidates, random.uniform());
  };
}

/**
 * The tokens that take part, the likeliest first: the `topK` likeliest; of those the fewest that together have the share
 * `topP` of their weight; of those what has the share `minP` of the largest weight. At least one.
 */
function likeliest(weights: Float64Array, topK: number, topP: number, minP: number): Uint32Array {
  const all = sumOf(weights);
  const order = inOrder(weights, all, topK, topP);
  const considered = topK > 0 ? order.subarray(0, topK) : order;
  const total = topK > 0 ? sumOf(weights, considered) : all;
  let kept = 0;
  let mass = 0;
  while (kept < considered.length && (kept === 0 || mass < topP * total)) {
    const weight = weights[considered[kept]!]!;
    // The largest weight is 1.
    if (kept > 0 && weight < minP) break;
    mass += weight;
    kept++;
  }
  return considered.subarray(0, kept);
}

/** Weights below this share of the largest one are seldom needed: sorting the others is much faster. */
const rare = 1e-4;

/**
 * Tokens from the likeliest on, as many as `topK` and `topP` need.
 * @param total the weight of all
 */
function inOrder(weights: Float64Array, total: number, topK: number, topP: number): Uint32Array {
  const byWeight = (a: number, b: number): number => weights[b]! - weights[a]!;
  const common = tokensFrom(weights, rare);
  const isEnough = topK > 0 ? common.length >= topK : sumOf(weights, common) >= topP * total;
  return (isEnough ? common : tokensFrom(weights, 0)).sort(byWeight);
}

/** Tokens with at least some weight, in the order of their ids. */
function tokensFrom(weights: Float64Array, least: number): Uint32Array {
  const ids = new Uint32Array(weights.length);
  let count = 0;
  for (let id = 0; id < weights.length; id++) if (weights[id]! >= least) ids[count++] = id;
  return ids.subarray(0, count);
}

/** The weight of some tokens, or of all. */
function sumOf(weights: Float64Array, ids?: Uint32Array): number {
  const count = ids?.length ?? weights.length;
  let sum = 0;
  for (let i = 0; i < count; i++) sum += weights[ids === undefined ? i : ids[i]!]!;
  return sum;
}

/** One of `candidates` (all where there are none) by their weights; `uniform` is in [0, 1). */
function draw(weights: Float64Array, candidates: Uint32Array | undefined, uniform: number): number {
  const count = candidates?.length ?? weights.length;
  let left = uniform * sumOf(weights, candidates);
  let last = candidates?.[0] ?? 0;
  for (let i = 0; i < count; i++) {
    const id = candidates === undefined ? i : candidates[i]!;
    if (weights[id] === 0) continue;
    last = id;
    left -= weights[id]!;
    if (left < 0) break;
  }
  return last;
}

/**
 * Makes tokens that were there already less likely: positive logits are divided by the penalty, negative ones multiplied
 * (Keskar et al. 2019), once however often a token occurred. Changes `logits`.
 */
export function penalizeRepetition(logits: Float32Array, seen: Iterable<number>, penalty: number): void {
  for (const id of seen) {
    const logit = logits[id];
    if (logit !== undefined) logits[id] = logit > 0 ? logit / penalty : logit * penalty;
  }
}
