import path from 'node:path';
import * as vscode from 'vscode';
import type { RunService } from '../runs/runService';

/** What an adapter's tree node, the end of a run or the palette can ask for. */
export interface AdapterPlaces {
  openDashboard(folder: string, part: 'changes'): void;
}

/**
 * Shows what an adapter changed: in the dashboard of the run that trained it; where no run here did, in its model card,
 * or else its settings.
 */
export async function showAdapter(folder: string, service: RunService, places: AdapterPlaces): Promise<void> {
  const run = await runOf(folder, service);
  if (run !== undefined) places.openDashboard(run, 'changes');
  else await openPapers(folder);
}

/** Folder of the latest finished run whose result lies in `adapter`. */
async function runOf(adapter: string, service: RunService): Promise<string | undefined> {
  const runs = await service.runs();
  return runs.find((run) => run.adapter === adapter && run.status === 'finished')?.folder;
}

async function openPapers(adapter: string): Promise<void> {
  const card = vscode.Uri.file(path.join(adapter, 'README.md'));
  const hasCard = await vscode.workspace.fs.stat(card).then(
    () => true,
    () => false,
  );
  if (hasCard) await vscode.commands.executeCommand('markdown.showPreview', card);
  else await vscode.window.showTextDocument(vscode.Uri.file(path.join(adapter, 'adapter_config.json')));
}
