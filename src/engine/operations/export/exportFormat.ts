import type { BaseModel } from '../../facts/baseModel';
import type { AdapterConfig } from '../../formats/adapterConfig';
import type { Adapter } from '../../lora/adapter';

/** An adapter and its base model, opened and matched, with the adapter's values in memory. */
export interface ExportSource {
  /** The adapter folder's name. */
  readonly name: string;
  /** Absolute path of the adapter's folder. */
  readonly folder: string;
  readonly config: AdapterConfig;
  readonly base: BaseModel;
  readonly adapter: Adapter;
  /** By the names of the adapter's trainables. */
  readonly values: ReadonlyMap<string, Float32Array>;
  /** What takes long ends with its reason once it is aborted. */
  readonly signal: AbortSignal;
}

/** A format of another program's. */
export interface ExportFormat {
  /** What it is for, in one sentence. */
  readonly purpose: string;
  /** Whether the output is a folder, known by the file `marker`. */
  readonly isFolder: boolean;
  readonly marker?: string;
  /** With what a proposed name ends, after the adapter's. */
  readonly ending: string;
  /**
   * Writes to `target`: an empty folder, or a file that does not exist. `output` is the place that it is renamed to.
   * Gives what to know of it, one sentence each.
   * @throws Failure `export-needs-merge` where the format cannot hold the adapter
   */
  readonly write: (source: ExportSource, target: string, output: string) => Promise<readonly string[]>;
}
