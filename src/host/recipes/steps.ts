import * as vscode from 'vscode';

/** An entry of a step's list: what it stands for, or why it cannot be chosen. */
export interface Choice<Value> extends vscode.QuickPickItem {
  readonly value?: Value;
  readonly problem?: string;
}

/** A line between the kinds of entries, then those that can be chosen before others; nothing where there are none. */
export function group<Value>(label: string, choices: readonly Choice<Value>[]): readonly Choice<Value>[] {
  return choices.length === 0
    ? []
    : [
        { label, kind: vscode.QuickPickItemKind.Separator },
        ...choices.filter(({ problem }) => problem === undefined),
        ...choices.filter(({ problem }) => problem !== undefined),
      ];
}

/** Asks until something is chosen that can be used. Undefined: the user left. */
export async function chooseUsable<Value>(
  title: string,
  placeHolder: string,
  choices: readonly Choice<Value>[] | Promise<readonly Choice<Value>[]>,
): Promise<Value | undefined> {
  let asked = placeHolder;
  for (;;) {
    const options = { title, placeHolder: asked, matchOnDescription: true, ignoreFocusOut: true };
    const choice: Choice<Value> | undefined = await vscode.window.showQuickPick(Promise.resolve(choices), options);
    if (choice?.problem === undefined) return choice?.value;
    asked = choice.problem;
  }
}
