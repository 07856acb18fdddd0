import { randomBytes } from 'node:crypto';
import * as vscode from 'vscode';
import { pageHtml } from './pageHtml';
import type { PageName } from './pageHtml';

/** Loads a page of `dist/views` (`files`) into a webview; it can reach nothing else. */
export function loadPage(webview: vscode.Webview, files: vscode.Uri, page: PageName): void {
  webview.options = { enableScripts: true, localResourceRoots: [files] };
  const file = (name: string): string => webview.asWebviewUri(vscode.Uri.joinPath(files, name)).toString();
  webview.html = pageHtml(page, {
    source: webview.cspSource,
    script: file(`${page.name}.js`),
    style: file(`${page.name}.css`),
    nonce: randomBytes(16).toString('hex'),
  });
}
