/**
 * What the loss is multiplied by before its gradients are computed in half precision, whose smallest number is 6e-8: small
 * gradients would be 0 otherwise. As PyTorch's GradScaler (torch.amp): the factor halves when gradients are too large, and
 * that step is skipped; it doubles after many steps without.
 */
export interface LossScale {
  readonly scale: number;
  /** Steps since the scale last changed. */
  readonly goodSteps: number;
  /** Steps of the run that changed nothing. */
  readonly skippedSteps: number;
}

const growthInterval = 2000;
/** Gradients that are too large with this one are so without any. */
const smallestScale = 1;

export const initialLossScale: LossScale = { scale: 65536, goodSteps: 0, skippedSteps: 0 };

export function afterGoodStep({ scale, goodSteps, skippedSteps }: LossScale): LossScale {
  return goodSteps + 1 < growthInterval
    ? { scale, goodSteps: goodSteps + 1, skippedSteps }
    : { scale: 2 * scale, goodSteps: 0, skippedSteps };
}

/** Undefined where no smaller scale would help. */
export function afterOverflow({ scale, skippedSteps }: LossScale): LossScale | undefined {
  const smaller = scale / 2;
  return smaller < smallestScale ? undefined : { scale: smaller, goodSteps: 0, skippedSteps: skippedSteps + 1 };
}
