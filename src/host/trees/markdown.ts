/** `text` as Markdown that shows exactly it. */
export function escapeMarkdown(text: string): string {
  return text.replace(/[\r\n]+/g, ' ').replace(/[\\`*_{}[\]()#+\-.!|<>~&]/g, (sign) => `\\${sign}`);
}
