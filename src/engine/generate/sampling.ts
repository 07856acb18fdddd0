import { randomStream } from '../../random/randomStream';

/** Chooses the next token from its logits. */
export type Sampler = (logits: Float32Array) => number;

/** The token with the largest logit; the first of several. */
export const greedy: Sampler = (logits) => {
  let best = 0;
  for (let id = 1; id < logits.length; id++) if (logits[id]! > logits[best]!) best = id;
  return best;
};

export interface SamplingOptions {
  /** 0 is greedy. */
  readonly temperature: number;
  /** Only the likeliest tokens that together have this probability take part (Holtzman et al. 2020). */
  readonly topP: number;
  readonly seed: number;
}

/** Draws from softmax(logits / temperature), cut to the nucleus `topP`; the same seed draws the same tokens. */
export function sampler({ temperature, topP, seed }: SamplingOptions): Sampler {
  if (temperature === 0) return greedy;
  const random = randomStream(seed, 'sampling');
  return (logits) => {
    const order = Uint32Array.from(logits, (_, id) => id).sort((a, b) => logits[b]! - logits[a]!);
    const largest = logits[order[0]!]!;
    const weights = Float64Array.from(order, (id) => Math.exp((logits[id]! - largest) / temperature));
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    let kept = 0;
    let mass = 0;
    while (kept < weights.length && (kept === 0 || mass < topP * total)) mass += weights[kept++]!;
    let draw = random.uniform() * mass;
    for (let i = 0; i < kept; i++) {
      draw -= weights[i]!;
      if (draw < 0) return order[i]!;
    }
    return order[kept - 1]!;
  };
}
