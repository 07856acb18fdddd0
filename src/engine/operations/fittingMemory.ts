import { formatBytes } from '../../run/format';
import type { Quantization } from './openWeights';

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
  /** How the base model's matrices are held. */
  readonly quantization: Quantization;
}

export interface FittedShape {
  readonly shape: Shape;
  /** Why a value is other than it would be with more memory. */
  readonly reasons: Partial<Readonly<Record<keyof Shape, string>>>;
  readonly warnings: readonly string[];
}

const shortestUseful = 64;

/** From what costs nothing to what costs most exactness; `int4` is no smaller than `nf4` and less exact. */
const quantizations = ['none', 'int8', 'nf4'] as const;

interface Memory {
  readonly free: number;
  readonly needed: (shape: Shape) => number;
}

/**
 * The shape that fits: what costs least is given up first. Smaller batches, added up, learn the same; recomputation takes
 * about a third more time; then fewer layers are adapted; shorter rows lose their ends. Where rows half as long do not fit
 * either, the base model is held in fewer bits, as far as that saves something, and the rest is kept again as far as it goes.
 */
export function fitMemory(wished: Shape, memory: Memory): FittedShape {
  if (memory.needed(wished) <= memory.free) return { shape: wished, reasons: {}, warnings: [] };
  const useful = quantizations.filter((quantization, i) => {
    const others = quantizations.slice(0, i).map((other) => memory.needed({ ...wished, quantization: other }));
    return memory.needed({ ...wished, quantization }) < Math.min(Infinity, ...others);
  });
  for (const quantization of useful.slice(0, -1)) {
    const shortest = Math.max(shortestUseful, wished.maxLength / 2);
    const fitted = giveUp({ ...wished, quantization }, shortest, memory);
    if (memory.needed(fitted.shape) <= memory.free) return fitted;
  }
  return giveUp({ ...wished, quantization: useful.at(-1)! }, shortestUseful, memory);
}

/** Gives up one thing after the other, with rows of `shortest` tokens at least, until it fits or nothing is left. */
function giveUp(wished: Shape, shortest: number, memory: Memory): FittedShape {
  const first = memory.needed(wished);
  const short = `${formatBytes(memory.free)} of memory are free`;
  const reasons: { -readonly [Key in keyof Shape]?: string } = {};
  if (wished.quantization !== 'none') reasons.quantization = inFewerBits(wished.quantization, short);
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
  while (!fits() && shape.maxLength / 2 >= shortest) {
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

function inFewerBits(quantization: Quantization, short: string): string {
  const how = quantization === 'int8' ? '8 bits, which changes hardly anything' : '4 bits, as QLoRA has it';
  return `The base model in ${how}: ${short}.`;
}
