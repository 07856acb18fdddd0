/** Where a page's files are, and the key that lets its script run. */
export interface PageOrigins {
  /** `webview.cspSource`. */
  readonly source: string;
  readonly script: string;
  readonly style: string;
  /** New for every page. */
  readonly nonce: string;
}

/** Which page it is: the name of its script, style and root element, and its title for screen readers. */
export interface PageName {
  readonly name: 'dashboard' | 'preview' | 'playground';
  readonly title: string;
}

/**
 * A page of a webview: nothing but its own script and style, no inline code, nothing from the network.
 * `blob:` and `data:` are not needed: pictures are drawn on canvases and handed to the extension as bytes.
 */
export function pageHtml({ name, title }: PageName, { source, script, style, nonce }: PageOrigins): string {
  const policy = [
    "default-src 'none'",
    `script-src 'nonce-${nonce}'`,
    `style-src ${source}`,
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${escapeAttribute(policy)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<link rel="stylesheet" href="${escapeAttribute(style)}">
</head>
<body>
<main id="${name}"></main>
<script nonce="${escapeAttribute(nonce)}" src="${escapeAttribute(script)}"></script>
</body>
</html>
`;
}

function escapeAttribute(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;');
}
