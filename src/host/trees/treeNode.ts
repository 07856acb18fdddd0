/** One line of a sidebar tree, without VS Code. */
export interface TreeNode {
  /** Unique within its tree and the same after a refresh, so that what is unfolded stays so. */
  readonly id: string;
  readonly label: string;
  /** Shown behind the label, dimmed. */
  readonly description?: string;
  /** Markdown. */
  readonly tooltip?: string;
  /** Name of a codicon, and the theme colour it has. */
  readonly icon: string;
  readonly color?: string;
  /** `viewItem` of menus in package.json. */
  readonly context: string;
  /** What commands work on: absolute path of a run, adapter, recipe or file. */
  readonly path?: string;
  /** What a click does. */
  readonly click?: 'open-file' | 'open-dashboard' | 'show-adapter';
  readonly children?: readonly TreeNode[];
}
