import type { BlockFormat } from '../formats/blocks';
import type { GraphicsCard } from './graphicsCard';
import type { Device, HalfPrecision } from '../runtime/runtime';

/** How the trial of a device ended. */
export type ProbeOutcome =
  /** It computes a training step as the processor does. */
  | 'usable'
  /** Neither driver nor device. */
  | 'absent'
  /** The process that tried it died. */
  | 'crashed'
  /** It did not answer in time. */
  | 'hung'
  /** Somebody ended the trial; that says nothing about the device. */
  | 'interrupted'
  /** Its numbers are not the processor's. */
  | 'wrong'
  /** Parts of the step were left to the processor. */
  | 'incomplete'
  /** The runtime gave up. */
  | 'failed';

export interface ProbeResult {
  readonly device: Device;
  readonly outcome: ProbeOutcome;
  /** What the runtime or the system said, or what is wrong; empty where it is usable. */
  readonly detail: string;
  /** Milliseconds of one training step, the median of some; null where it did not come to that. */
  readonly stepMs: number | null;
  /** The same step on the processor. */
  readonly cpuStepMs: number | null;
  /** What became of a step in half precision, for each that was tried and did not end the process. */
  readonly halves: Readonly<Partial<Record<HalfPrecision, FurtherResult>>>;
  /** The same of a step whose matrices are held in blocks. */
  readonly blocks: Readonly<Partial<Record<BlockFormat, FurtherResult>>>;
  /** The card that computed; null where the system knows of none. */
  readonly card: GraphicsCard | null;
  /** Bytes of the largest piece of memory that it gives; null where it refused none, or it did not come to that. */
  readonly largestBuffer: number | null;
  /** Somebody ended the trial after its first part: what is missing says nothing about the device. */
  readonly wasInterrupted?: true;
}

/**
 * Milliseconds. Any GPU computes the tiny step in a fraction of it. What takes longer plays one in software, and larger steps
 * would take it minutes.
 */
const slowMs = 150;

export function playsInSoftware({ stepMs }: Pick<ProbeResult, 'stepMs'>): boolean {
  return (stepMs ?? 0) > slowMs;
}

/** What is known of a device before anything was tried. */
export const nothingFound = {
  stepMs: null,
  cpuStepMs: null,
  halves: {},
  blocks: {},
  card: null,
  largestBuffer: null,
} as const;

/** How a further trial ended on a device that can be used. */
export interface FurtherResult {
  readonly usable: boolean;
  /** What the runtime said, or what is wrong; empty where it is usable. */
  readonly detail: string;
}
