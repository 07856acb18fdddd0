/** How likely a token was, as a natural logarithm. */
export interface TokenLikelihood {
  readonly id: number;
  readonly logProbability: number;
}

/** The logarithm of a sum of powers: log Σ exp(logit) */
export function logSumExp(logits: Float32Array): number {
  let largest = -Infinity;
  for (const logit of logits) if (logit > largest) largest = logit;
  let sum = 0;
  for (const logit of logits) sum += Math.exp(logit - largest);
  return largest + Math.log(sum);
}

/**
 * The `count` likeliest tokens, the likeliest first; of equally likely ones the first.
 * @param total {@link logSumExp} of the logits, which takes longer than to look for a few tokens
 */
export function likeliestTokens(logits: Float32Array, count: number, total = logSumExp(logits)): TokenLikelihood[] {
  if (count === 0) return [];
  const best: number[] = [];
  for (let id = 0; id < logits.length; id++) {
    if (best.length === count && !(logits[id]! > logits[best.at(-1)!]!)) continue;
    let place = best.length;
    while (place > 0 && logits[id]! > logits[best[place - 1]!]!) place--;
    best.splice(place, 0, id);
    if (best.length > count) best.pop();
  }
  return best.map((id) => ({ id, logProbability: logits[id]! - total }));
}
