/** What there is of CUDA on this computer, and what setting it up would take. */
export interface CudaState {
  /** The release of ONNX Runtime for which it would be set up. */
  readonly onnxruntime: string;
  /** Absolute path of the folder that holds it, or would. */
  readonly folder: string;
  /** What is set up; of another release of ONNX Runtime it is no use. */
  readonly set_up: { readonly onnxruntime: string; readonly bytes: number } | null;
  readonly download_bytes: number;
  /** What of that are NVIDIA's libraries, which are fetched all the same where ONNX Runtime's wheel alone is given. */
  readonly library_bytes: number;
  /** What is kept. */
  readonly disk_bytes: number;
  /** What is missing on this computer, with the next step; null where nothing is. */
  readonly hindrance: string | null;
}

export interface CudaRequest {
  /**
   * Absolute path of ONNX Runtime's wheel on disk, or of a folder that holds it and NVIDIA's wheels, from which everything is
   * taken; null has pip fetch all of it.
   */
  readonly wheel: string | null;
}

export interface CudaSetUp {
  readonly folder: string;
  readonly onnxruntime: string;
  /** All files. */
  readonly bytes: number;
  /** Milliseconds of a small training step on the card and on the processor. */
  readonly step_ms: number | null;
  readonly cpu_step_ms: number | null;
}

export type CudaOutcome =
  | { readonly outcome: 'finished'; readonly set_up: CudaSetUp }
  /** What was set up before is as it was. */
  | { readonly outcome: 'cancelled' };
