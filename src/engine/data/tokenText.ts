import type { AddedTokenJson } from './tokenizerClass';

/** How one token reads: `' the'`, `'\n'`, `'<s>'`, or `'<0xE2>'` for a byte that is no character by itself. */
export function createTokenText(
  contents: readonly string[],
  decoder: object | null,
  added: readonly AddedTokenJson[],
): (id: number) => string {
  const names = new Map(added.map((token) => [token.id, token.content]));
  const read = JSON.stringify(decoder).includes('"ByteLevel"') ? readByteLevel : readPiece;
  return (id) => {
    const content = contents[id];
    return names.get(id) ?? (content === undefined ? `<${id}>` : read(content));
  };
}

/** SentencePiece: `▁` is a space, `<0x0A>` a byte. */
function readPiece(content: string): string {
  const byte = /^<0x([0-9A-F]{2})>$/.exec(content)?.[1];
  if (byte === undefined) return content.replaceAll('▁', ' ');
  const value = Number.parseInt(byte, 16);
  return value < 0x80 ? String.fromCharCode(value) : content;
}

/** GPT-2's spelling of bytes by printable characters. */
function readByteLevel(content: string): string {
  const bytes = Uint8Array.from(content, (character) => byteOf.get(character) ?? 0x3f);
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return Array.from(bytes, (byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`).join('');
  }
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
