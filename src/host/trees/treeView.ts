import * as vscode from 'vscode';
import { commandIds } from '../commands/commandIds';
import type { TreeNode } from './treeNode';

/** Changes within this many milliseconds are shown together. */
const together = 300;

/** Shows tree nodes in a view of the sidebar. */
export class TreeView implements vscode.TreeDataProvider<TreeNode>, vscode.Disposable {
  readonly #changed = new vscode.EventEmitter<undefined>();
  readonly #view: vscode.TreeView<TreeNode>;
  readonly onDidChangeTreeData = this.#changed.event;
  readonly #load: () => Promise<readonly TreeNode[]>;
  #timer: NodeJS.Timeout | undefined;

  /** @param canSelectMany whether several lines can be selected, which commands then get */
  constructor(id: string, load: () => Promise<readonly TreeNode[]>, canSelectMany = false) {
    this.#load = load;
    this.#view = vscode.window.createTreeView(id, { treeDataProvider: this, canSelectMany });
  }

  /** Loads the nodes again, soon; nothing where nobody looks. */
  refresh(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#changed.fire(undefined);
    }, together);
  }

  getChildren(node?: TreeNode): Promise<TreeNode[]> {
    return node === undefined ? this.#load().then((nodes) => [...nodes]) : Promise.resolve([...(node.children ?? [])]);
  }

  /** Needed to reveal; only nodes at the top are revealed. */
  getParent(): undefined {
    return undefined;
  }

  /** Shows the view with a node of the top selected and unfolded; false where there is none of this id. */
  async reveal(id: string): Promise<boolean> {
    const node = (await this.#load()).find((known) => known.id === id);
    if (node === undefined) return false;
    await this.#view.reveal(node, { select: true, focus: true, expand: true });
    return true;
  }

  getTreeItem(node: TreeNode): vscode.TreeItem {
    const state = node.children === undefined ? 'None' : 'Collapsed';
    const item = new vscode.TreeItem(node.label, vscode.TreeItemCollapsibleState[state]);
    item.id = node.id;
    item.contextValue = node.context;
    item.iconPath = new vscode.ThemeIcon(
      node.icon,
      node.color === undefined ? undefined : new vscode.ThemeColor(node.color),
    );
    if (node.description !== undefined) item.description = node.description;
    item.tooltip =
      node.tooltip === undefined ? `${node.label} ${node.description ?? ''}` : new vscode.MarkdownString(node.tooltip);
    const click = clickOf(node);
    if (click !== undefined) item.command = click;
    return item;
  }

  dispose(): void {
    clearTimeout(this.#timer);
    this.#view.dispose();
    this.#changed.dispose();
  }
}

function clickOf(node: TreeNode): vscode.Command | undefined {
  if (node.path === undefined || node.click === undefined) return undefined;
  switch (node.click) {
    case 'open-file':
      return { command: 'vscode.open', title: 'Open', arguments: [vscode.Uri.file(node.path)] };
    case 'open-dashboard':
      return { command: commandIds.openDashboard, title: 'Open Dashboard', arguments: [node] };
    case 'show-adapter':
      return { command: commandIds.showAdapter, title: 'Show Adapter', arguments: [node] };
  }
}
