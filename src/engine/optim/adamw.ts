/** Hyper-parameters of AdamW, named as in PyTorch. */
export interface AdamWOptions {
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  readonly weightDecay: number;
}

/** First and second moments of one tensor, of its size. */
export interface Moments {
  readonly first: Float32Array;
  readonly second: Float32Array;
}

export function zeroMoments(size: number): Moments {
  return { first: new Float32Array(size), second: new Float32Array(size) };
}

/**
 * One AdamW update of one tensor, in place (Loshchilov & Hutter, "Decoupled Weight Decay Regularization", 2019;
 * in the order of operations of torch.optim.AdamW). The gradient is multiplied by `gradientScale` first.
 * `step` counts from 1.
 */
export function adamWStep(
  parameter: Float32Array,
  gradient: Float32Array,
  moments: Moments,
  step: number,
  learningRate: number,
  gradientScale: number,
  { beta1, beta2, epsilon, weightDecay }: AdamWOptions,
): void {
  const { first, second } = moments;
  const stepSize = learningRate / (1 - beta1 ** step);
  const correction = Math.sqrt(1 - beta2 ** step);
  const decay = 1 - learningRate * weightDecay;
  for (let i = 0; i < parameter.length; i++) {
    const g = gradient[i]! * gradientScale;
    const m = first[i]! * beta1 + g * (1 - beta1);
    const v = second[i]! * beta2 + g * g * (1 - beta2);
    first[i] = m;
    second[i] = v;
    parameter[i] = parameter[i]! * decay - (stepSize * m) / (Math.sqrt(v) / correction + epsilon);
  }
}
