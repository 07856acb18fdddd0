import type { SeenToken } from './answers';
import type { WireFailure } from './engineProtocol';

/** What a preview of a dataset is asked and what it answers: rows as the model will see them. */

export interface PreviewParams {
  /** Absolute path. */
  readonly recipeFile: string;
  /** The recipe as it stands in an editor; null reads the file. */
  readonly text: string | null;
}

/** How the data is read. */
export interface PreviewAbout {
  /** The adapter's name. */
  readonly name: string;
  /** As the recipe names it. */
  readonly baseModel: string;
  /** Absolute path of the training file. */
  readonly dataset: string;
  readonly format: string;
  /** Tokens of the longest row; what is beyond is cut off. */
  readonly maxLength: number;
  /** Rows of the file, those set aside for evaluation included; an estimate until all were counted. */
  readonly rowCount: number;
  readonly rowCountIsExact: boolean;
}

export interface PreviewToken extends SeenToken {
  /** It stands for no text, such as `<s>`. */
  readonly special: boolean;
}

interface PlacedRow {
  /** 0-based, in the file's order. */
  readonly row: number;
  /** 1-based line of the file; null where the file has none, or none is known yet. */
  readonly line: number | null;
  /** Set aside to measure with; never trained on. */
  readonly isEvaluation: boolean;
}

/** A row as the model will see it. */
export interface ReadableRow extends PlacedRow {
  readonly problem: null;
  /** What the model sees, as `lora tokens` has it, then what is cut off; of a very long row the first ones. */
  readonly tokens: readonly PreviewToken[];
  /** How many of the row's tokens the model sees: the first ones. */
  readonly seen: number;
  /** Tokens of the row before it is cut. */
  readonly length: number;
  /** How many of the seen tokens are supervised. */
  readonly supervised: number;
}

/** A row that cannot be used. */
export interface BrokenRow extends PlacedRow {
  readonly problem: WireFailure;
}

export type PreviewRow = ReadableRow | BrokenRow;

/** `later`: the rows before them are still being counted; ask again. */
export type PreviewPage =
  | { readonly is: 'rows'; readonly about: PreviewAbout; readonly rows: readonly PreviewRow[] }
  | { readonly is: 'later'; readonly about: PreviewAbout; readonly countedRows: number };

/** Rows that somebody looks for. */
export const wantedRows = ['unsupervised', 'truncated'] as const;
export type Wanted = (typeof wantedRows)[number];

export interface PreviewSearch {
  /** The row that was found; null where none was, yet. */
  readonly found: number | null;
  /** Where to look on. */
  readonly next: number;
  /** The whole file was looked through. */
  readonly isEnd: boolean;
}

/** Rows that were looked at for statistics: of those that are trained on, and in no particular order. */
export interface PreviewSample {
  /** Tokens of each row, before it is cut. */
  readonly lengths: readonly number[];
  /** Supervised tokens of each row, after it was cut. */
  readonly supervised: readonly number[];
  /** Rows that cannot be used, and what is wrong with the first of them. */
  readonly broken: number;
  readonly problem: WireFailure | null;
  /** Nothing more will be looked at. */
  readonly isDone: boolean;
  /** Every row was looked at. */
  readonly isWhole: boolean;
}

export interface PreviewPlace {
  readonly file: string;
  /** 1-based; null where the file has no lines. */
  readonly line: number | null;
}
