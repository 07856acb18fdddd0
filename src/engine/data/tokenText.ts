import type { AddedTokenJson } from './tokenizerClass';

/** The bytes of text that each token stands for: of `▁the` those of ` the`, of `<0x0A>` a line break. */
export function createTokenBytes(
  contents: readonly string[],
  decoder: object | null,
  added: readonly AddedTokenJson[],
): (id: number) => Uint8Array {
  const names = new Map(added.map((token) => [token.id, token.content]));
  const read = JSON.stringify(decoder).includes('"ByteLevel"') ? readByteLevel : readPiece;
  return (id) => {
    const name = names.get(id);
    return name === undefined ? read(contents[id] ?? '') : encoder.encode(name);
  };
}

/** How one token reads: `' the'`, `'\n'`, `'<s>'`, or `'<0xE2>'` for a byte that is no character by itself. */
export function readToken(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes);
  } catch {
    return Array.from(bytes, (byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`).join('');
  }
}

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** SentencePiece: `▁` is a space, `<0x0A>` a byte. */
function readPiece(content: string): Uint8Array {
  const byte = /^<0x([0-9A-F]{2})>$/.exec(content)?.[1];
  return byte === undefined ? encoder.encode(content.replaceAll('▁', ' ')) : Uint8Array.of(Number.parseInt(byte, 16));
}

/** GPT-2's spelling of bytes by printable characters. */
function readByteLevel(content: string): Uint8Array {
  return Uint8Array.from(content, (character) => byteOf.get(character) ?? 0x3f);
}

const byteOf: ReadonlyMap<string, number> = (() => {
  const map = new Map<string, number>();
  let next = 256;
  for (let byte = 0; byte < 256; byte++) {
    const printable = (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
    map.set(String.fromCharCode(printable ? byte : next++), byte);
  }
  return map;
})();
