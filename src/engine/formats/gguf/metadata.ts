import { ggufKeyUnsupported } from './failures';
import type { GgufFile, GgufValue } from './readGguf';

/**
 * A GGUF file's metadata, read with types; keys that begin with a dot begin with the architecture's name in the file.
 * Throws a Failure `gguf-metadata` that names the key.
 */
export class Metadata {
  constructor(
    readonly gguf: Pick<GgufFile, 'file' | 'metadata'>,
    private readonly architecture: string,
  ) {}

  value(key: string): GgufValue | undefined {
    return this.gguf.metadata.get(this.#name(key));
  }

  refuse(key: string, detail: string): never {
    throw ggufKeyUnsupported(this.gguf.file, this.#name(key), detail);
  }

  /** A positive whole number. */
  size(key: string): number {
    return this.optionalSize(key) ?? this.refuse(key, 'is missing');
  }

  optionalSize(key: string): number | undefined {
    const value = this.value(key);
    if (value === undefined) return undefined;
    if (Array.isArray(value))
      this.refuse(key, 'differs from layer to layer, and only models with layers that are all alike can be trained');
    if (typeof value !== 'number' || !Number.isSafeInteger(value) || value <= 0)
      this.refuse(key, 'is no positive whole number');
    return value;
  }

  number(key: string): number {
    return this.optionalNumber(key) ?? this.refuse(key, 'is missing');
  }

  /** As people would have written it: 1e-5, not the nearest number in single precision to it. */
  optionalNumber(key: string): number | undefined {
    const value = this.value(key);
    if (value === undefined) return undefined;
    if (typeof value !== 'number' || !Number.isFinite(value)) this.refuse(key, 'is no number');
    for (let digits = 1; digits < 9; digits++) {
      const short = Number(value.toPrecision(digits));
      if (Math.fround(short) === value) return short;
    }
    return value;
  }

  text(key: string): string | undefined {
    const value = this.value(key);
    if (value === undefined || typeof value === 'string') return value;
    return this.refuse(key, 'is no text');
  }

  flag(key: string): boolean | undefined {
    const value = this.value(key);
    if (value === undefined || typeof value === 'boolean') return value;
    return this.refuse(key, 'is neither true nor false');
  }

  /** A token's id, below `limit`. */
  tokenId(key: string, limit: number): number | undefined {
    const value = this.value(key);
    if (value === undefined) return undefined;
    // 2³² − 1 is how some converters write that there is none.
    if (value === 0xffffffff || value === -1) return undefined;
    if (typeof value !== 'number' || !Number.isInteger(value) || value < 0 || value >= limit) {
      this.refuse(key, 'names a token that does not exist');
    }
    return value;
  }

  texts(key: string): readonly string[] | undefined {
    return this.#list(key, (item): item is string => typeof item === 'string', 'texts');
  }

  numbers(key: string): readonly number[] | undefined {
    return this.#list(key, (item): item is number => typeof item === 'number', 'numbers');
  }

  #list<T extends GgufValue>(key: string, is: (item: GgufValue) => item is T, what: string): readonly T[] | undefined {
    const value = this.value(key);
    if (value === undefined) return undefined;
    if (!Array.isArray(value) || !value.every(is)) this.refuse(key, `is no list of ${what}`);
    return value;
  }

  #name(key: string): string {
    return key.startsWith('.') ? this.architecture + key : key;
  }
}
