import type { EpochExample, Example } from './example';
import type { Tokenizer } from './tokenizer';

export type RowFormat = 'text' | 'messages' | 'prompt-completion' | 'alpaca' | 'sharegpt';

export interface DatasetOptions {
  /** JSONL, JSON, CSV, TSV, Parquet or plain text file. */
  readonly path: string;
  readonly format: 'auto' | RowFormat;
  /** Role → column of the file, such as `{ "prompt": "question" }`. */
  readonly columns: Readonly<Record<string, string>>;
  /** Row template (Jinja over the row's columns), or for conversational rows the chat template. */
  readonly template?: string;
  /** Longest example in tokens; what is beyond is cut off. */
  readonly maxLength: number;
  /** Loss on completions and assistant turns only; otherwise on every token. */
  readonly completionOnlyLoss: boolean;
  readonly seed: number;
  readonly shuffle: boolean;
  /** Share of the rows that is held back for evaluation, 0 ≤ evalSplit < 1. */
  readonly evalSplit: number;
  readonly part: 'train' | 'eval';
}

export interface DatasetStatistics {
  readonly rows: number;
  readonly tokens: number;
  readonly supervisedTokens: number;
  /** Tokens of the longest example (of the sample, when estimated), after the cut at `maxLength`. */
  readonly longest: number;
  /** Rows in which nothing is a target of the loss; training leaves them out. */
  readonly unsupervisedRows: number;
  /** Rows that were cut at `maxLength`. */
  readonly truncatedRows: number;
  /** False when every row was looked at, true when the numbers are scaled up from a sample. */
  readonly estimated: boolean;
}

export interface Dataset {
  readonly path: string;
  readonly format: RowFormat;
  /** Rows of this part; exact, or an estimate for large files. */
  readonly rowCount: number;
  readonly rowCountIsExact: boolean;
  /** Rows without a supervised token that were met and left out so far. */
  readonly skippedRows: number;
  /**
   * The examples of one epoch in (shuffled) order, from row `skip` of that order on. Rows without any supervised
   * token are left out; a whole epoch without one is a failure (`dataset-all-masked`).
   */
  examples(epoch: number, skip?: number): AsyncGenerator<EpochExample>;
  /** The first rows in file order, before shuffling: for previews. Rows without a supervised token are included. */
  rows(limit: number): AsyncGenerator<Example>;
  /** Exact for small files, else from a sample. */
  statistics(): Promise<DatasetStatistics>;
  close(): Promise<void>;
}

export declare function openDataset(
  options: DatasetOptions,
  tokenizer: Tokenizer,
  chatTemplate?: string,
): Promise<Dataset>;
