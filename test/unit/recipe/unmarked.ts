/** The text without its ‹marks›, and the range between them. */
export function unmarked(marked: string): { readonly text: string; readonly start: number; readonly length: number } {
  const start = marked.indexOf('‹');
  const end = marked.indexOf('›') - 1;
  return { text: marked.replace('‹', '').replace('›', ''), start, length: end - start };
}
