import * as vscode from 'vscode';
import { Failure } from '../../failure/failure';
import type { DownloadedModel } from '../../run/download';
import { formatBytes } from '../../run/format';
import { commandIds } from '../commands/commandIds';
import type { EngineClient } from '../engine/engineClient';
import { chooseHubModel } from './chooseHubModel';
import { memoryText, newsText, ProgressBar } from './downloadText';
import { downloadNotTrusted } from './failures';
import { isForRecipe } from './forRecipe';
import { tellHubFailure } from './hubFailure';
import type { HubToken } from './hubToken';
import { signalOf } from '../signalOf';

/** What Download Base Model needs of the window. */
export interface DownloadContext {
  readonly startEngine: () => Promise<EngineClient>;
  readonly token: HubToken;
}

/**
 * Download Base Model: asks which, has an engine process fetch it, and gives what a recipe writes for it; undefined
 * where the user changed their mind or it failed, which is said.
 */
export async function downloadBaseModel(context: DownloadContext, target: unknown): Promise<string | undefined> {
  if (!vscode.workspace.isTrusted) {
    await tellNotTrusted();
    return undefined;
  }
  const engine = await context.startEngine();
  try {
    const listing = engine.baseModels();
    const id = await chooseHubModel(listing);
    const model = id === undefined ? undefined : await fetchModel(id, engine, context.token);
    if (model === undefined) return undefined;
    if (!isForRecipe(target)) void offerRecipe(model);
    return model.base_model;
  } finally {
    void engine.dispose();
  }
}

async function fetchModel(id: string, engine: EngineClient, token: HubToken): Promise<DownloadedModel | undefined> {
  for (;;) {
    try {
      return await fetchOnce(id, engine, await token.get());
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      if (!(await tellHubFailure(error, token, 'reading'))) return undefined;
    }
  }
}

async function fetchOnce(id: string, engine: EngineClient, token: string | null): Promise<DownloadedModel | undefined> {
  const options = { location: vscode.ProgressLocation.Notification, title: `Downloading ${id}`, cancellable: true };
  const ended = await vscode.window.withProgress(options, (progress, cancellation) => {
    const bar = new ProgressBar();
    progress.report({ message: 'asking the hub' });
    return engine.download(
      { id, revision: null, token },
      (news) => {
        progress.report({ message: newsText(news), increment: bar.increment(news) });
        if (news.type === 'model' && news.fit === 'too large') {
          void vscode.window.showWarningMessage(`${id} is large for this computer: ${memoryText(news)}.`);
        }
      },
      signalOf(cancellation),
    );
  });
  if (ended.outcome === 'finished') return ended.model;
  const { done_bytes: done, total_bytes: total } = ended;
  const kept = done === null || total === null ? '' : ` ${formatBytes(done)} of ${formatBytes(total)} are kept.`;
  void vscode.window.showInformationMessage(
    `The download of ${id} was stopped.${kept} The next one goes on from there.`,
  );
  return undefined;
}

async function offerRecipe(model: DownloadedModel): Promise<void> {
  const newRecipe = 'New Recipe';
  const what = model.downloaded_bytes === 0 ? 'was here already' : 'is here';
  const message = `${model.id} ${what}: ${formatBytes(model.bytes)}. A recipe says what it shall learn.`;
  if ((await vscode.window.showInformationMessage(message, newRecipe)) !== newRecipe) return;
  await vscode.commands.executeCommand(commandIds.newRecipe, { baseModel: model.base_model });
}

async function tellNotTrusted(): Promise<void> {
  const { message, hint } = downloadNotTrusted();
  const manage = 'Manage Trust';
  const answer = await vscode.window.showErrorMessage(`${message} ${hint ?? ''}`, manage);
  if (answer === manage) await vscode.commands.executeCommand('workbench.trust.manage');
}
