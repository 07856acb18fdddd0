/** What an adapter can be written as for other programs; see `engine/operations/export/formats.ts`. */
export interface ExportRequest {
  /** A key of the table of formats. */
  readonly format: string;
  /** Absolute path of the adapter's folder. */
  readonly adapter: string;
  /** Absolute path of a model folder or file, or a hub id; null is the one that the adapter names. */
  readonly baseModel: string | null;
  /** Absolute path of the file or folder that is made. */
  readonly output: string;
  /** Whether what lies there is replaced. */
  readonly overwrite: boolean;
}

export interface Exported {
  /** Absolute path. */
  readonly output: string;
  readonly bytes: number;
  /** What was made sure of, and what to know; one sentence each. */
  readonly notes: readonly string[];
}

/** A format as people choose it. */
export interface ListedFormat {
  readonly name: string;
  /** What it is for, in one sentence. */
  readonly purpose: string;
  /** Whether the output is a folder. */
  readonly isFolder: boolean;
  /** With what a proposed name ends, after the adapter's. */
  readonly ending: string;
}

/** An adapter of another tool's that becomes one in PEFT's layout. */
export interface ImportRequest {
  /** Absolute path of the folder (mlx-lm) or the file (llama.cpp). */
  readonly from: string;
  /** Absolute path of the adapter folder that is made. */
  readonly output: string;
  /** What adapter_config.json calls the base model; null is what the other tool called it. */
  readonly baseModel: string | null;
  readonly overwrite: boolean;
}

export interface Imported {
  readonly output: string;
  readonly bytes: number;
  readonly modules: number;
  readonly notes: readonly string[];
}
