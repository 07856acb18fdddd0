/** A GGUF file put together byte by byte, as sound or as broken as a test wants it. */
export class GgufBytes {
  #bytes: number[] = [];

  get all(): Uint8Array {
    return Uint8Array.from(this.#bytes);
  }

  start(tensors: number, keys: number, version = 3): this {
    return this.bytes(0x47, 0x47, 0x55, 0x46).u32(version).u64(BigInt(tensors)).u64(BigInt(keys));
  }

  bytes(...bytes: readonly number[]): this {
    this.#bytes.push(...bytes);
    return this;
  }

  u32(value: number): this {
    for (let i = 0; i < 4; i++) this.#bytes.push(Math.floor(value / 2 ** (8 * i)) % 256);
    return this;
  }

  u64(value: bigint): this {
    for (let i = 0n; i < 8n; i++) this.#bytes.push(Number((value >> (8n * i)) & 255n));
    return this;
  }

  text(text: string): this {
    const bytes = Buffer.from(text, 'utf8');
    this.u64(BigInt(bytes.length));
    for (const byte of bytes) this.#bytes.push(byte);
    return this;
  }

  /** Sizes as the file has them: the axis along which neighbours lie first. */
  tensor(name: string, sizes: readonly number[], type: number, offset: number): this {
    this.text(name).u32(sizes.length);
    for (const size of sizes) this.u64(BigInt(size));
    return this.u32(type).u64(BigInt(offset));
  }

  /** Padding to 32 bytes, then so many bytes of data. */
  data(length: number): this {
    while (this.#bytes.length % 32 !== 0) this.#bytes.push(0);
    for (let i = 0; i < length; i++) this.#bytes.push(0);
    return this;
  }
}
