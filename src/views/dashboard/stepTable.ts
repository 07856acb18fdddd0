import type { StepEvent } from '../../run/trainingEvent';
import { stepColumns, stepValue } from '../../run/viewProtocol';
import type { PackedSteps, StepColumn } from '../../run/viewProtocol';
import { lowerBound } from './decimate';

/** The steps of a run as growing columns, and their smoothed loss. */
export class StepTable {
  private readonly columns: Record<StepColumn, Float64Array>;
  private smoothedLoss = new Float64Array(0);
  /** How many values of `smoothedLoss` hold, and the sums that the next one continues. */
  private smoothedUpTo = 0;
  private sum = 0;
  private weight = 0;
  private size: number;

  constructor(
    packed: PackedSteps,
    private halfLife: number,
  ) {
    this.columns = { ...packed };
    this.size = packed.step.length;
  }

  get length(): number {
    return this.size;
  }

  /** A view on one column, `length` values; valid until the next change. */
  column(name: StepColumn): Float64Array {
    return this.columns[name].subarray(0, this.size);
  }

  last(name: StepColumn): number | undefined {
    return this.size === 0 ? undefined : this.columns[name][this.size - 1];
  }

  append(event: StepEvent): void {
    if (this.size === this.columns.step.length) this.grow();
    for (const name of stepColumns) this.columns[name][this.size] = stepValue(event, name);
    this.size++;
  }

  /** Forgets the steps after `step`: the run went back to a checkpoint. */
  cutAfter(step: number): void {
    this.size = lowerBound(this.column('step'), step + 1);
    if (this.smoothedUpTo > this.size) this.restart();
  }

  /** Sets the half-life of the smoothed loss, in steps; 0 leaves the loss as it is. */
  smooth(halfLife: number): void {
    this.halfLife = halfLife;
    this.restart();
  }

  /**
   * An exponential moving average, corrected for its start, as `smoothed` of runState.ts computes it; here it is
   * continued from where it ended. A loss that is not a number leaves the average as it is.
   */
  smoothed(): Float64Array {
    const loss = this.columns.loss;
    if (this.halfLife === 0) return this.column('loss');
    if (this.smoothedLoss.length < this.size) this.smoothedLoss = resized(this.smoothedLoss, loss.length);
    const keep = 0.5 ** (1 / this.halfLife);
    for (; this.smoothedUpTo < this.size; this.smoothedUpTo++) {
      const value = loss[this.smoothedUpTo]!;
      if (Number.isFinite(value)) {
        this.sum = keep * this.sum + (1 - keep) * value;
        this.weight = keep * this.weight + (1 - keep);
      }
      this.smoothedLoss[this.smoothedUpTo] = this.sum / this.weight;
    }
    return this.smoothedLoss.subarray(0, this.size);
  }

  private restart(): void {
    this.smoothedUpTo = 0;
    this.sum = 0;
    this.weight = 0;
  }

  private grow(): void {
    const capacity = Math.max(256, 2 * this.size);
    for (const name of stepColumns) this.columns[name] = resized(this.columns[name], capacity);
  }
}

function resized(values: Float64Array, length: number): Float64Array<ArrayBuffer> {
  const larger = new Float64Array(length);
  larger.set(values.subarray(0, length));
  return larger;
}
