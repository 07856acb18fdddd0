/** What turns ids into text. */
export interface Decoder {
  decode(ids: ArrayLike<number>, options?: { readonly skipSpecialTokens?: boolean }): string;
}

/** Tokens of the prompt that the first new token's text may depend on. */
const before = 8;

/**
 * Text from tokens as they come. A character may be spread over several tokens, and a token's text may depend on the
 * one before (a leading space): so new tokens are decoded together with the last ones that gave text, and their own text
 * is given out once it cannot change.
 */
export class TextStream {
  /** From here on tokens are decoded; from `#certain` on they have not given text yet. */
  #first: number;
  #certain: number;
  readonly #ids: number[];
  readonly #promptLength: number;
  #given = '';

  constructor(
    private readonly decoder: Decoder,
    prompt: ArrayLike<number>,
  ) {
    this.#ids = Array.from(prompt);
    this.#promptLength = this.#ids.length;
    this.#first = Math.max(0, this.#promptLength - before);
    this.#certain = this.#promptLength;
  }

  /** Tokens so far, without the prompt's. */
  get count(): number {
    return this.#ids.length - this.#promptLength;
  }
  /** All text so far, without the prompt's. */
  get text(): string {
    return this.#given + this.#pending();
  }

  /** Adds a token and gives the text that is certain now. */
  push(id: number): string {
    this.#ids.push(id);
    const pending = this.#pending();
    // U+FFFD at the end: bytes of a character whose other bytes are still to come.
    return pending.endsWith('\uFFFD') ? '' : this.#give(pending);
  }

  /** The text that was held back. */
  end(): string {
    return this.#give(this.#pending());
  }

  #give(text: string): string {
    if (text === '') return '';
    this.#given += text;
    this.#first = this.#certain;
    this.#certain = this.#ids.length;
    return text;
  }

  #pending(): string {
    const known = this.#decode(this.#certain);
    return this.#decode(this.#ids.length).slice(known.length);
  }

  #decode(end: number): string {
    return this.decoder.decode(this.#ids.slice(this.#first, end), { skipSpecialTokens: true });
  }
}
