/** A token as it is shown: what cannot be seen has a sign of its own, and line breaks still break the line. */
export function visibleText(text: string): string {
  if (text === '') return '∅';
  return text.replace(/\p{Cc}/gu, (character) => signs.get(character) ?? controlSign(character));
}

const signs: ReadonlyMap<string, string> = new Map([
  ['\n', '↵\n'],
  ['\t', '⇥\t'],
  ['\r', '␍'],
  ['\u007f', '␡'],
]);

/** Unicode has a picture for each of the first 32. */
function controlSign(character: string): string {
  const code = character.charCodeAt(0);
  return code < 0x20 ? String.fromCharCode(0x2400 + code) : `<${code.toString(16)}>`;
}

/** The same on one line, as `lora tokens` and JSON write it. */
export function escapedText(text: string): string {
  return JSON.stringify(text).slice(1, -1).replaceAll('\\"', '"');
}
