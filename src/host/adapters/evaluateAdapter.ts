import path from 'node:path';
import * as vscode from 'vscode';
import { Failure } from '../../failure/failure';
import type { Evaluation } from '../../run/answers';
import { commandIds } from '../commands/commandIds';
import type { EngineClient } from '../engine/engineClient';
import { chooseDataset } from '../recipes/datasetStep';
import type { ChosenDataset } from '../recipes/datasetStep';
import { signalOf } from '../signalOf';
import type { WorkspaceFiles } from '../workspace/workspaceFiles';
import { evaluatedText } from './evaluateText';
import { withBaseModel } from './withBaseModel';

/**
 * Evaluate Adapter: asks for rows, has an engine process measure adapter and base model on them, keeps the figures beside the
 * adapter, and says in a sentence whether it is better. Gives what was found, undefined where the user changed their mind or it
 * failed, which is said.
 */
export async function evaluateAdapter(
  adapter: string,
  files: WorkspaceFiles,
  startEngine: () => Promise<EngineClient>,
): Promise<Evaluation | undefined> {
  const engine = await startEngine();
  try {
    const title = `Evaluate ${path.basename(adapter)}: rows that it was not trained on`;
    const folder = vscode.workspace.getWorkspaceFolder(vscode.Uri.file(adapter))?.uri.fsPath ?? path.dirname(adapter);
    const rows = await chooseDataset(title, folder, files, engine, 'Evaluate on This File');
    if (rows === undefined) return undefined;
    const found = await withBaseModel('Evaluate with This Model', async (chosen) =>
      evaluateOnce(engine, adapter, rows, chosen ?? (await baseOf(adapter, engine))),
    );
    if (found !== undefined) void tellEvaluated(adapter, rows, found);
    return found;
  } finally {
    void engine.dispose();
  }
}

/** @throws Failure such as `base-of-adapter-unknown` */
async function baseOf(adapter: string, engine: EngineClient): Promise<string> {
  const [described] = await engine.texts.describeAdapters([adapter]);
  if (described?.base != null) return described.base.path;
  const unknown = { code: 'base-of-adapter-unknown', message: 'Its base model is not known.', hint: null };
  const { code, message, hint } = described?.problem ?? unknown;
  throw new Failure(code, message, hint === null ? {} : { hint });
}

async function evaluateOnce(
  engine: EngineClient,
  adapter: string,
  rows: ChosenDataset,
  baseModel: string,
): Promise<Evaluation | undefined> {
  const title = `Evaluating ${path.basename(adapter)} on ${path.basename(rows.file)}`;
  const options = { location: vscode.ProgressLocation.Notification, title, cancellable: true };
  const ended = await vscode.window.withProgress(options, (progress, cancellation) => {
    progress.report({ message: 'opening base and adapter' });
    const hasColumns = Object.keys(rows.columns).length > 0;
    const request = {
      ...{ baseModel, adapters: [{ folder: adapter, weight: 1 }], dataset: rows.file },
      ...{ maxLength: undefined, columns: hasColumns ? rows.columns : undefined, keep: true },
    };
    return engine.texts.evaluate(request, (message) => progress.report({ message }), signalOf(cancellation));
  });
  if (ended.outcome === 'finished') return ended.evaluation;
  void vscode.window.showInformationMessage('The evaluation was stopped: nothing was kept.');
  return undefined;
}

async function tellEvaluated(adapter: string, rows: ChosenDataset, found: Evaluation): Promise<void> {
  const compare = 'Compare Adapters';
  const text = evaluatedText(path.basename(adapter), path.basename(rows.file), found);
  if ((await vscode.window.showInformationMessage(text, compare)) !== compare) return;
  await vscode.commands.executeCommand(commandIds.compareAdapters, vscode.Uri.file(adapter));
}
