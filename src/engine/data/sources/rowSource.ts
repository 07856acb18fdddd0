/** A row as its file has it: a record of columns, before anything is known about their meaning. */
export type RawRow = Readonly<Record<string, unknown>>;

/** Where a row lies, as far as that is known without looking further. */
export interface RowPlace {
  /** 0-based number of the row in the file; −1 where rows are not counted. */
  readonly row: number;
  /** 1-based line in the file. */
  readonly line?: number;
}

/** Rows that lie together in a file. Where they are is known; they themselves are read one by one. */
export interface RowBlock {
  readonly length: number;
  /** @throws RowProblem */
  read(index: number): RawRow;
  place(index: number): RowPlace;
  /** The line, counted from the start of the file when it is not known. */
  findLine(index: number): number | undefined;
}

/**
 * A file of rows in blocks. A small file is one block with an exact index; a larger one has many, so that reading can
 * begin anywhere at once and only some blocks' offsets are held at a time.
 */
export interface RowSource {
  readonly file: string;
  readonly blockCount: number;
  /** Blocks can only be opened one after the other, as nothing but the text before tells where a row begins. */
  readonly sequential: boolean;
  /** Blocks whose rows are shuffled together. */
  readonly windowBlocks: number;
  /** Exact number of rows, if it is known. */
  readonly rowCount: number | undefined;
  /** An estimate from a few blocks. */
  estimateRowCount(): Promise<number>;
  /** Size of the file's rows in bytes. */
  readonly byteLength: number;
  /** The names of the columns, from the file's own list or the rows of its first block that has any. */
  columnNames(first: RowBlock): readonly string[];
  openBlock(block: number): Promise<RowBlock>;
  /** Number of a block's first row, where that is known without reading the blocks before it. */
  firstRow(block: number): number | undefined;
  /** Names the only columns that will be asked for; formats that store columns apart read no others. */
  selectColumns(columns: readonly string[]): void;
  close(): void;
}

/** Sizes that decide how a file is read; tests lower them. */
export interface SourceLimits {
  /** Files up to this size get an exact index of their rows. */
  readonly indexBytes: number;
  /** Larger ones are cut into blocks of this size… */
  readonly blockBytes: number;
  /** …and so many bytes of blocks are shuffled together. */
  readonly windowBytes: number;
}

export const defaultLimits: SourceLimits = {
  indexBytes: 64 * 2 ** 20,
  blockBytes: 256 * 2 ** 10,
  windowBytes: 16 * 2 ** 20,
};
