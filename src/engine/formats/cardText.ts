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
