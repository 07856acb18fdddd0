/** Text of a user's as plain text in Markdown, on one line. */
export function markdownText(text: string): string {
  return text.replace(/[\r\n]+/g, ' ').replace(/([\\`*_<>[\]#|])/g, '\\$1');
}

/** Plain where YAML takes it as text, else in double quotes, whose escapes are JSON's. */
export function yamlText(text: string): string {
  return /^[A-Za-z./][\w./-]*(:[\w./-]+)*$/.test(text) && !/^(true|false|yes|no|on|off|null|y|n)$/i.test(text)
    ? text
    : JSON.stringify(text);
}

/** A word of a command line, quoted where a shell would read it otherwise. */
export function shellWord(text: string): string {
  return /^[\w./@:+-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

/** A block of code that its text cannot end. */
export function codeBlock(language: string, text: string): string {
  const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = '`'.repeat(longest + 1);
  return `${fence}${language}\n${text.trimEnd()}\n${fence}\n`;
}
