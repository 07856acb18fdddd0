import { formatBytes } from '../../run/format';
import { isHeldInHalf } from '../graph/halfPrecision';
import { parameterSize } from '../models/model';
import type { Model } from '../models/model';

/** Where a run is computed. */
export interface Computing {
  readonly device: string;
  /** Bytes of the largest single piece of memory that the device gives, where it has refused a larger one. */
  readonly largestBuffer?: number;
  /** What it computes in. */
  readonly precisions?: readonly string[];
}

/**
 * What a device that has memory enough may still refuse: a matrix that is larger than what it gives in one piece. `precision`
 * as in `engine.precision`.
 */
export function pieceWarnings(
  model: Model,
  precision: string,
  { device, largestBuffer = Infinity, precisions = [] }: Computing,
): string[] {
  const sizes = [...model.parameters].map(([name, shape]) => {
    return { name, bytes: (precision !== 'fp32' && isHeldInHalf(shape) ? 2 : 4) * parameterSize(model, name) };
  });
  const beyond = sizes.filter(({ bytes }) => bytes > largestBuffer).sort((a, b) => b.bytes - a.bytes)[0];
  if (beyond === undefined) return [];
  const half = precision === 'fp32' && precisions.includes('fp16') ? ' `engine.precision` "fp16" halves it.' : '';
  return [
    `${beyond.name} takes ${formatBytes(beyond.bytes)} in one piece, and ${device} gives ` +
      `${formatBytes(largestBuffer)} at most: the run may end as it begins.${half}`,
  ];
}
