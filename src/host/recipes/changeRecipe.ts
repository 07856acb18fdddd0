import * as vscode from 'vscode';
import type { Fix } from '../../recipe/fix';
import { fixEdits } from '../../recipe/fixEdits';

/**
 * Changes values of a recipe with its comments and layout kept, as an edit that can be undone; a file without unsaved changes is
 * saved again. Gives whether that was possible: a recipe whose braces do not match has to be mended first.
 */
export async function changeRecipe(file: string, fix: Fix): Promise<boolean> {
  const document = await vscode.workspace.openTextDocument(vscode.Uri.file(file));
  const changes = fixEdits(document.getText(), fix);
  if (changes === undefined) return false;
  const { isDirty } = document;
  const edit = new vscode.WorkspaceEdit();
  for (const { range, newText } of changes.edits) {
    const { start, end } = range;
    edit.replace(document.uri, new vscode.Range(start.line, start.character, end.line, end.character), newText);
  }
  if (!(await vscode.workspace.applyEdit(edit))) return false;
  if (!isDirty) await document.save();
  return true;
}
