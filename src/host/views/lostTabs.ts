import * as vscode from 'vscode';

/**
 * Milliseconds in which VS Code hands a tab that is shown to its extension. On a slow computer a reloaded window takes more
 * than two seconds for it; a tab that is replaced before it is handed over stays blank.
 */
const handedOver = 15_000;

/**
 * Finds tabs of a webview that nobody answers. When an extension host crashes, VS Code starts another one and keeps the
 * tabs of the first as they are: they look alive, and their buttons do nothing.
 * @param isOurs whether this extension host has the webview that is shown in a column
 * @param replace closes the tab and shows what was in it again
 */
export function watchLostTabs(
  viewType: string,
  isOurs: (column: vscode.ViewColumn) => Promise<boolean>,
  replace: (tab: vscode.Tab) => Promise<void>,
): vscode.Disposable {
  let timer: NodeJS.Timeout | undefined;
  const look = async (): Promise<void> => {
    timer = undefined;
    for (const { activeTab, viewColumn } of vscode.window.tabGroups.all) {
      const input: unknown = activeTab?.input;
      // VS Code puts its own name before that of the extension.
      const isShown = input instanceof vscode.TabInputWebview && input.viewType.endsWith(`-${viewType}`);
      if (activeTab !== undefined && isShown && !(await isOurs(viewColumn))) await replace(activeTab);
    }
  };
  const lookSoon = (): void => {
    timer ??= setTimeout(() => void look(), handedOver);
  };
  lookSoon();
  const { tabGroups } = vscode.window;
  const subscription = vscode.Disposable.from(tabGroups.onDidChangeTabs(lookSoon));
  return new vscode.Disposable(() => {
    clearTimeout(timer);
    subscription.dispose();
  });
}
