/** What turns ids into text. */
export interface Decoder {
  decode(ids: ArrayLike<number>, options?: { readonly skipSpecialTokens?: boolean }): string;
}

/**
 * Text from tokens as they come. A character may be spread over several tokens, and a token's text may depend on the
 * one before (a leading space): so all tokens are decoded together, and text is given out once it cannot change.
 */
export class TextStream {
  readonly #ids: number[];
  readonly #prompt: string;
  readonly #promptLength: number;
  #given = '';

  constructor(
    private readonly decoder: Decoder,
    prompt: ArrayLike<number>,
  ) {
    this.#ids = Array.from(prompt);
    this.#promptLength = this.#ids.length;
    this.#prompt = this.#decode();
  }

  /** Tokens so far, without the prompt's. */
  get count(): number {
    return this.#ids.length - this.#promptLength;
  }
  /** All text so far, without the prompt's. */
  get text(): string {
    return this.#decode().slice(this.#prompt.length);
  }

  /** Adds a token and gives the text that is certain now. */
  push(id: number): string {
    this.#ids.push(id);
    const { text } = this;
    // U+FFFD at the end: bytes of a character whose other bytes are still to come.
    return text.endsWith('\uFFFD') ? '' : this.#give(text);
  }

  /** The text that was held back. */
  end(): string {
    return this.#give(this.text);
  }

  #give(text: string): string {
    const piece = text.slice(this.#given.length);
    this.#given = text;
    return piece;
  }

  #decode(): string {
    return this.decoder.decode(this.#ids, { skipSpecialTokens: true });
  }
}
