import { formatBytes } from '../../run/format';

/** What the memory of a run depends on. */
export interface Shape {
  readonly r: number;
  /** Null: those that PEFT chooses for the family. */
  readonly targets: 'all-linear' | null;
  /** Tokens. */
  readonly maxLength: number;
  /** Rows that are computed at once. */
  readonly batchSize: number;
  /** Whole blocks are computed a second time (`gradient_checkpointing: true`). */
  readonly recomputes: boolean;
}

export interface FittedShape {
  readonly shape: Shape;
  /** Why a value is other than it would be with more memory. */
  readonly reasons: Partial<Readonly<Record<keyof Shape, string>>>;
  readonly warnings: readonly string[];
}

const shortestUseful = 64;

/**
 * The shape that fits: what costs least is given up first. Smaller batches, added up, learn the same; recomputation takes
 * about a third more time; then fewer layers are adapted; shorter rows lose their ends.
 */
export function fitMemory(
  wished: Shape,
  memory: { readonly free: number; readonly needed: (shape: Shape) => number },
): FittedShape {
  const first = memory.needed(wished);
  if (first <= memory.free) return { shape: wished, reasons: {}, warnings: [] };
  const short = `${formatBytes(memory.free)} of memory are free`;
  const reasons: { -readonly [Key in keyof Shape]?: string } = {};
  let shape = wished;
  const fits = (): boolean => memory.needed(shape) <= memory.free;
  while (!fits() && shape.batchSize > 1) {
    shape = { ...shape, batchSize: shape.batchSize / 2 };
    reasons.batchSize = `${wished.batchSize} at once would need ${formatBytes(first)}, and ${short}.`;
  }
  if (!fits()) {
    shape = { ...shape, recomputes: true };
    reasons.recomputes = `Takes longer and saves memory: ${short}.`;
  }
  if (!fits()) shape = { ...shape, targets: null };
  while (!fits() && shape.maxLength / 2 >= shortestUseful) {
    shape = { ...shape, maxLength: 8 * Math.ceil(shape.maxLength / 16) };
    reasons.maxLength = `Longer rows would not fit: ${short}. What is longer loses its end.`;
  }
  const needed = memory.needed(shape);
  const warnings =
    needed <= memory.free
      ? []
      : [
          `Training needs about ${formatBytes(needed)} of memory, and only ${short}. ` +
            'Close other programs, or use a smaller model.',
        ];
  return { shape, reasons, warnings };
}
