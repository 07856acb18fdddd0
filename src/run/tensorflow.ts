/** What TensorFlow is set up for: the processor, or an NVIDIA graphics card as well. */
export const tensorflowVariants = ['cpu', 'gpu'] as const;
export type TensorflowVariant = (typeof tensorflowVariants)[number];

/** One way to set TensorFlow up, and what it costs. */
export interface TensorflowOffer {
  readonly variant: TensorflowVariant;
  readonly download_bytes: number;
  /** What is fetched all the same where TensorFlow's wheel is given: NVIDIA's libraries for a card. */
  readonly library_bytes: number;
  /** What is kept. */
  readonly disk_bytes: number;
  /** What is missing on this computer, with the next step; null where nothing is. */
  readonly hindrance: string | null;
}

/** What there is of TensorFlow on this computer. */
export interface TensorflowState {
  /** The release that is set up, or would be. */
  readonly version: string;
  /** Absolute path of the folder that holds it, or would. */
  readonly folder: string;
  readonly set_up: { readonly variant: TensorflowVariant; readonly bytes: number } | null;
  readonly offers: readonly TensorflowOffer[];
}

export interface TensorflowRequest {
  readonly variant: TensorflowVariant;
  /** Absolute path of TensorFlow's wheel on disk; null has pip fetch it. */
  readonly wheel: string | null;
}

export interface TensorflowSetUp {
  readonly folder: string;
  readonly tensorflow: string;
  readonly variant: TensorflowVariant;
  /** All files. */
  readonly bytes: number;
  /** How far the numbers of a small training step are from the reference runtime's, relative to their size. */
  readonly difference: number;
}

export type TensorflowOutcome =
  | { readonly outcome: 'finished'; readonly set_up: TensorflowSetUp }
  /** What was set up before is as it was. */
  | { readonly outcome: 'cancelled' };
