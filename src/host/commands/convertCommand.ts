import path from 'node:path';
import * as vscode from 'vscode';
import { toolNames, type Conversion, type SourceProblem } from '../../recipe/convert/conversion';
import { recipeFileName } from '../../recipe/convert/recipeFileName';
import { shortValue } from '../../recipe/convert/recipeText';
import { exists } from './recipeCommands';
import { targetPath } from './targetPath';

/** Convert to Recipe: reads another tool's settings, as text only, and opens the recipe that says the same beside them. */
export async function convertFile(target: unknown, log: vscode.LogOutputChannel): Promise<void> {
  const file = targetPath(target) ?? vscode.window.activeTextEditor?.document.uri.fsPath;
  if (file === undefined) {
    void vscode.window.showInformationMessage('Open the settings to convert, such as an adapter_config.json, first.');
    return;
  }
  const source = vscode.Uri.file(file);
  // Most windows never convert anything.
  const { convertToRecipe } = await import('../../recipe/convert/convert');
  const document = await vscode.workspace.openTextDocument(source);
  const conversion = convertToRecipe(document.getText(), { fileName: path.basename(file), readIn: 'editor' });
  if (conversion.recipe === undefined) return refuse(source, conversion.problems[0]);
  const recipe = await unusedRecipe(source);
  await vscode.workspace.fs.writeFile(recipe, new TextEncoder().encode(conversion.recipe));
  await vscode.window.showTextDocument(recipe, { preview: false, viewColumn: vscode.ViewColumn.Beside });
  log.info(details(source, recipe, conversion));
  void tell(recipe, conversion, log);
}

/**
 * In the workspace's folder: training tools are started there, so that relative paths in their settings begin there too,
 * and an adapter's own folder holds nothing but the adapter.
 */
async function unusedRecipe(source: vscode.Uri): Promise<vscode.Uri> {
  const folder = vscode.workspace.getWorkspaceFolder(source)?.uri.fsPath ?? path.dirname(source.fsPath);
  const name = recipeFileName(source.fsPath);
  for (let attempt = 1; ; attempt++) {
    const numbered = attempt === 1 ? name : name.replace('.lora.json', `-${attempt}.lora.json`);
    const uri = vscode.Uri.file(path.join(folder, numbered));
    if (!(await exists(uri))) return uri;
  }
}

async function refuse(source: vscode.Uri, problem: SourceProblem | undefined): Promise<void> {
  const open = 'Open the File';
  const { line, message } = problem ?? { line: 1, message: 'This file holds no settings of a known tool.' };
  const place = `${path.basename(source.fsPath)}${line === 1 ? '' : `:${line}`}`;
  const answer = await vscode.window.showErrorMessage(`${place} was not converted. ${message}`, open);
  if (answer !== open) return;
  const position = new vscode.Position(line - 1, 0);
  await vscode.window.showTextDocument(source, { selection: new vscode.Range(position, position) });
}

async function tell(
  recipe: vscode.Uri,
  { kept, dropped, toFill }: Conversion,
  log: vscode.LogOutputChannel,
): Promise<void> {
  const lost = dropped.length === 0 ? 'Everything has an equivalent.' : `${dropped.length} have no equivalent.`;
  const fill = toFill.length === 0 ? '' : ` Fill in ${toFill.map(({ to }) => to).join(', ')}.`;
  const message = `${path.basename(recipe.fsPath)}: ${kept.length} settings are kept. ${lost}${fill}`;
  const show = 'Show Details';
  if ((await vscode.window.showInformationMessage(message, show)) === show) log.show(true);
}

function details(source: vscode.Uri, recipe: vscode.Uri, { tool, kept, dropped, toFill }: Conversion): string {
  return [
    `Converted ${toolNames[tool!]}: ${source.fsPath} → ${recipe.fsPath}`,
    ...kept.map(
      ({ key, value, to, written }) => `  kept    ${key}: ${shortValue(value)} → ${to}: ${shortValue(written)}`,
    ),
    ...dropped.map(({ key, value, why, instead }) =>
      `  left    ${key}: ${shortValue(value)}. ${why} ${instead ?? ''}`.trimEnd(),
    ),
    ...toFill.map(({ to, why }) => `  fill in ${to}: ${why}`),
  ].join('\n');
}
