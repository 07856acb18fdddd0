import path from 'node:path';
import * as vscode from 'vscode';
import { formatBytes } from '../../run/format';
import type { Exported, ListedFormat } from '../../run/export';
import { revealInExplorer } from '../commands/fileCommands';
import { exists } from '../commands/recipeCommands';
import type { EngineClient } from '../engine/engineClient';
import { placeNear } from './placeNear';
import { withBaseModel } from './withBaseModel';

/**
 * Export Adapter: asks for which program and where to, has an engine process write, and says what became of it. Gives what
 * was made, undefined where the user changed their mind or it failed, which is said.
 */
export async function exportAdapter(
  adapter: string,
  startEngine: () => Promise<EngineClient>,
): Promise<string | undefined> {
  const engine = await startEngine();
  try {
    const format = await askForFormat(adapter, engine);
    if (format === undefined) return undefined;
    const place = await askForPlace(adapter, format);
    if (place === undefined) return undefined;
    const request = { format: format.name, adapter, ...place };
    const title = `Exporting ${path.basename(adapter)} as ${format.name}`;
    const options = { location: vscode.ProgressLocation.Notification, title };
    const exported = await withBaseModel('Export with This Model', async (baseModel) =>
      vscode.window.withProgress(options, () => engine.export({ ...request, baseModel })),
    );
    if (exported === undefined) return undefined;
    void tellExported(adapter, format, exported);
    return exported.output;
  } finally {
    void engine.dispose();
  }
}

async function askForFormat(adapter: string, engine: EngineClient): Promise<ListedFormat | undefined> {
  const formats = engine.exportFormats();
  const items = formats.then((all) => all.map((format) => ({ label: format.name, detail: format.purpose, format })));
  // The list comes with the engine, a second later: whatever takes the focus by then must not end the question.
  const options = {
    title: `Export ${path.basename(adapter)}`,
    placeHolder: 'For which program?',
    ignoreFocusOut: true,
  };
  return (await vscode.window.showQuickPick(items, options))?.format;
}

interface Place {
  /** Absolute. */
  readonly output: string;
  readonly overwrite: boolean;
}

async function askForPlace(adapter: string, format: ListedFormat): Promise<Place | undefined> {
  const what = format.isFolder ? 'folder' : 'file';
  const typed = await vscode.window.showInputBox({
    title: `Export ${path.basename(adapter)} as ${format.name}`,
    prompt: `The ${what} that is made. The adapter stays as it is.`,
    value: vscode.workspace.asRelativePath(`${adapter}${format.ending}`, false),
    ignoreFocusOut: true,
    validateInput: (text) => (text.trim() === '' ? `A ${what} is needed.` : undefined),
  });
  if (typed === undefined) return undefined;
  const output = placeNear(adapter, typed);
  if (!(await exists(vscode.Uri.file(output)))) return { output, overwrite: false };
  const replace = 'Replace';
  const answer = await vscode.window.showWarningMessage(
    `${vscode.workspace.asRelativePath(output, false)} is there already.`,
    { modal: true, detail: 'It is replaced once the new one is complete.' },
    replace,
  );
  return answer === replace ? { output, overwrite: true } : undefined;
}

async function tellExported(
  adapter: string,
  { name }: ListedFormat,
  { output, bytes, notes }: Exported,
): Promise<void> {
  const reveal = 'Reveal in Explorer';
  const place = vscode.workspace.asRelativePath(output, false);
  const text = [`${path.basename(adapter)} is exported as ${name}: ${place}, ${formatBytes(bytes)}.`, ...notes].join(
    ' ',
  );
  if ((await vscode.window.showInformationMessage(text, reveal)) === reveal) {
    await revealInExplorer(vscode.Uri.file(output));
  }
}
