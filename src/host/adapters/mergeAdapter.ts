import path from 'node:path';
import * as vscode from 'vscode';
import type { MergedModel } from '../../run/merge';
import { revealInExplorer } from '../commands/fileCommands';
import { exists } from '../commands/recipeCommands';
import type { EngineClient } from '../engine/engineClient';
import { MergeBar, mergedText, mergeNewsText } from './mergeText';
import { placeNear } from './placeNear';
import { withBaseModel } from './withBaseModel';
import { signalOf } from '../signalOf';

/**
 * Merge into Base Model: asks where to, has an engine process merge, and says what became of it. Gives the folder of the
 * merged model, undefined where the user changed their mind or it failed, which is said.
 */
export async function mergeAdapter(
  adapter: string,
  startEngine: () => Promise<EngineClient>,
): Promise<string | undefined> {
  const place = await askForPlace(adapter);
  if (place === undefined) return undefined;
  const engine = await startEngine();
  try {
    const model = await withBaseModel('Merge into This Model', (base) => mergeOnce(engine, adapter, place, base));
    if (model === undefined) return undefined;
    void tellMerged(adapter, model);
    return model.output;
  } finally {
    void engine.dispose();
  }
}

interface Place {
  /** Absolute. */
  readonly output: string;
  readonly overwrite: boolean;
}

async function askForPlace(adapter: string): Promise<Place | undefined> {
  const proposed = `${adapter}-merged`;
  const typed = await vscode.window.showInputBox({
    title: `Merge ${path.basename(adapter)} into Base Model`,
    prompt: 'Folder of the merged model. The base model and the adapter stay as they are.',
    value: vscode.workspace.asRelativePath(proposed, false),
    ignoreFocusOut: true,
    validateInput: (text) => (text.trim() === '' ? 'A folder is needed.' : undefined),
  });
  if (typed === undefined) return undefined;
  const output = placeNear(adapter, typed);
  if (!(await exists(vscode.Uri.file(path.join(output, 'config.json'))))) return { output, overwrite: false };
  const replace = 'Replace';
  const answer = await vscode.window.showWarningMessage(
    `There is a model in ${vscode.workspace.asRelativePath(output, false)} already.`,
    { modal: true, detail: 'It is replaced once the merged model is complete.' },
    replace,
  );
  return answer === replace ? { output, overwrite: true } : undefined;
}

async function mergeOnce(
  engine: EngineClient,
  adapter: string,
  place: Place,
  baseModel: string | null,
): Promise<MergedModel | undefined> {
  const title = `Merging ${path.basename(adapter)}`;
  const options = { location: vscode.ProgressLocation.Notification, title, cancellable: true };
  const ended = await vscode.window.withProgress(options, (progress, cancellation) => {
    const bar = new MergeBar();
    const request = { baseModel, adapters: [{ folder: adapter, weight: 1 }], dtype: null, ...place };
    progress.report({ message: 'opening base and adapter' });
    return engine.merge(
      request,
      (news) => progress.report({ message: mergeNewsText(news), increment: bar.increment(news) }),
      signalOf(cancellation),
    );
  });
  if (ended.outcome === 'finished') return ended.model;
  void vscode.window.showInformationMessage('The merge was stopped: nothing was written.');
  return undefined;
}

async function tellMerged(adapter: string, model: MergedModel): Promise<void> {
  const reveal = 'Reveal in Explorer';
  const place = vscode.workspace.asRelativePath(model.output, false);
  const text = mergedText(path.basename(adapter), place, model);
  if ((await vscode.window.showInformationMessage(text, reveal)) !== reveal) return;
  await revealInExplorer(vscode.Uri.file(path.join(model.output, 'config.json')));
}
