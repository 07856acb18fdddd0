/** Euclidean norm over all tensors together, each multiplied by `scale`. Not finite where a gradient is not. */
export function globalNorm(gradients: Iterable<Float32Array>, scale: number): number {
  let sum = 0;
  for (const gradient of gradients) {
    for (const value of gradient) sum += (value * scale) ** 2;
  }
  return Math.sqrt(sum);
}

/** Factor that brings gradients of norm `norm` down to `maxNorm`, as torch.nn.utils.clip_grad_norm_; 0: no clipping. */
export function clipFactor(norm: number, maxNorm: number): number {
  return maxNorm > 0 ? Math.min(1, maxNorm / (norm + 1e-6)) : 1;
}
