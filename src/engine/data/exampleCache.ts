import type { EncodedRow } from './encode';

/** Tokenized rows of a small file, so that a second epoch costs nothing; bounded, first come first kept. */
export class ExampleCache {
  readonly #rows = new Map<number, EncodedRow>();
  readonly #limit: number;
  #bytes = 0;

  constructor(limitBytes: number) {
    this.#limit = limitBytes;
  }

  get(row: number, encode: () => EncodedRow): EncodedRow {
    const known = this.#rows.get(row);
    if (known !== undefined) return known;
    const encoded = encode();
    // Two typed arrays and a map entry cost about this much besides their content.
    const bytes = encoded.ids.byteLength + encoded.supervised.byteLength + 300;
    if (this.#bytes + bytes <= this.#limit) {
      this.#bytes += bytes;
      this.#rows.set(row, encoded);
    }
    return encoded;
  }
}
