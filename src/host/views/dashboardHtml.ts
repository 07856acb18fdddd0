/** Where a page's files are, and the key that lets its script run. */
export interface PageOrigins {
  /** `webview.cspSource`. */
  readonly source: string;
  readonly script: string;
  readonly style: string;
  /** New for every page. */
  readonly nonce: string;
}

/**
 * The dashboard's page: nothing but its own script and style, no inline code, nothing from the network.
 * `blob:` and `data:` are not needed: pictures are drawn on canvases and handed to the extension as bytes.
 */
export function dashboardHtml({ source, script, style, nonce }: PageOrigins): string {
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
<title>LoRA training</title>
<link rel="stylesheet" href="${escapeAttribute(style)}">
</head>
<body>
<main id="dashboard"></main>
<script nonce="${escapeAttribute(nonce)}" src="${escapeAttribute(script)}"></script>
</body>
</html>
`;
}

function escapeAttribute(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;');
}
