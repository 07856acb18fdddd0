import path from 'node:path';
import * as vscode from 'vscode';
import { Failure } from '../../failure/failure';
import { isRepository } from '../../run/publish';
import type { PublishedAdapter, PublishNews, PublishPreview } from '../../run/publish';
import type { EngineClient } from '../engine/engineClient';
import { tellHubFailure } from '../models/hubFailure';
import type { HubToken } from '../models/hubToken';
import { signalOf } from '../signalOf';
import { proposedRepository, publishedText, publishNewsText, publishQuestion } from './publishText';
import type { Publishing } from './publishText';

/** What Publish to Hub needs of the window. */
export interface PublishContext {
  readonly startEngine: () => Promise<EngineClient>;
  readonly token: HubToken;
}

/**
 * Publish to Hub: asks for the repository and who may see it, shows all that is to be sent, has an engine process send it, and
 * says what became of it. Gives the address of the page; undefined where the user changed their mind or it failed, which is said.
 */
export async function publishAdapter(adapter: string, context: PublishContext): Promise<string | undefined> {
  const engine = await context.startEngine();
  try {
    const name = path.basename(adapter);
    const seen = await look(adapter, engine, context.token);
    if (seen === undefined) return undefined;
    const repo = await askForRepository(name, seen.preview);
    const isPrivate = repo === undefined ? undefined : await askWhoSees(name, repo);
    if (repo === undefined || isPrivate === undefined) return undefined;
    const publishing = { name, repo, isPrivate, preview: seen.preview };
    if (!(await isWanted(adapter, publishing))) return undefined;
    const request = { adapter, repo, isPrivate, baseModel: seen.baseModel };
    const published = await trying(context.token, async (token) => {
      const ended = await withNews(`Publishing ${name} to ${repo}`, (onNews, signal) =>
        engine.publishing.publish({ ...request, token }, onNews, signal),
      );
      if (ended.outcome === 'finished') return ended.adapter;
      void vscode.window.showInformationMessage('Publishing was stopped: no file was changed on the hub.');
      return undefined;
    });
    if (published !== undefined) void tellPublished(name, published);
    return published?.url;
  } finally {
    void engine.dispose();
  }
}

interface Seen {
  /** Hub id that the user gave, because the adapter names a model of this computer. */
  readonly baseModel: string | null;
  readonly preview: PublishPreview;
}

/** What would be sent and in whose name; asks for a token and the base model's id where they are missing. */
async function look(adapter: string, engine: EngineClient, token: HubToken): Promise<Seen | undefined> {
  let baseModel: string | null = null;
  return trying(
    token,
    async (known) => {
      const request = { adapter, baseModel, token: known };
      const ended = await withNews(`Publishing ${path.basename(adapter)}: asking the hub`, (onNews, signal) =>
        engine.publishing.preview(request, onNews, signal),
      );
      return ended.outcome === 'finished' ? { baseModel, preview: ended.preview } : undefined;
    },
    async ({ code, message }) => {
      if (code === 'publish-needs-token') return (await token.ask('writing')) ? 'again' : 'stop';
      if (code !== 'publish-needs-base-id' && code !== 'publish-base-invalid') return undefined;
      baseModel = (await askForBase(path.basename(adapter), message)) ?? null;
      return baseModel === null ? 'stop' : 'again';
    },
  );
}

/** Does what asks the hub, again with another token or once the network is better; failures are said. */
async function trying<Result>(
  token: HubToken,
  work: (token: string | null) => Promise<Result | undefined>,
  mend: (failure: Failure) => Promise<'again' | 'stop' | undefined> = () => Promise.resolve(undefined),
): Promise<Result | undefined> {
  for (;;) {
    try {
      return await work(await token.get());
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      const mended = await mend(error);
      if (mended === 'stop') return undefined;
      if (mended === undefined && !(await tellHubFailure(error, token, 'writing'))) return undefined;
    }
  }
}

async function withNews<Result>(
  title: string,
  work: (onNews: (news: PublishNews) => void, signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const options = { location: vscode.ProgressLocation.Notification, title, cancellable: true };
  return vscode.window.withProgress(options, (progress, cancellation) =>
    work((news) => progress.report({ message: publishNewsText(news) }), signalOf(cancellation)),
  );
}

const idProblem = (typed: string): string | undefined =>
  isRepository(typed.trim()) ? undefined : 'An id has an owner and a name: owner/name';

async function askForBase(name: string, reason: string): Promise<string | undefined> {
  const typed = await vscode.window.showInputBox({
    title: `Publish ${name}: Base Model`,
    prompt: `${reason} Which model on the hub is it? Others will download that one.`,
    placeHolder: 'owner/name',
    ignoreFocusOut: true,
    validateInput: (text) => (text.trim() === '' ? undefined : idProblem(text)),
  });
  return typed === undefined || typed.trim() === '' ? undefined : typed.trim();
}

async function askForRepository(name: string, { owner, endpoint }: PublishPreview): Promise<string | undefined> {
  const proposed = proposedRepository(owner, name);
  const typed = await vscode.window.showInputBox({
    title: `Publish ${name}: Repository`,
    prompt: `Where on ${new URL(endpoint).host} it goes; made if it is not there.`,
    value: proposed,
    valueSelection: [owner.length + 1, proposed.length],
    ignoreFocusOut: true,
    validateInput: idProblem,
  });
  return typed?.trim();
}

async function askWhoSees(name: string, repo: string): Promise<boolean | undefined> {
  const items = [
    {
      label: '$(lock) Private',
      detail: 'For its owner alone. A repository that is public already is refused.',
      is: true,
    },
    { label: '$(globe) Public', detail: 'For everybody. A repository that is private already stays so.', is: false },
  ];
  const options = { title: `Publish ${name}: Who Sees ${repo}?`, ignoreFocusOut: true };
  return (await vscode.window.showQuickPick(items, options))?.is;
}

/** Shows what is sent, and lets the user read the model card before they answer. */
async function isWanted(adapter: string, publishing: Publishing): Promise<boolean> {
  const { message, detail } = publishQuestion(publishing);
  const publish = 'Publish';
  const hasCard = publishing.preview.files.some(({ name }) => name === 'README.md');
  const read = 'Read Model Card First';
  const buttons = hasCard ? [publish, read] : [publish];
  const answer = await vscode.window.showInformationMessage(message, { modal: true, detail }, ...buttons);
  if (answer !== read) return answer === publish;
  await vscode.commands.executeCommand('markdown.showPreview', vscode.Uri.file(path.join(adapter, 'README.md')));
  // Not a dialog: what is to be read lies behind it.
  return (await vscode.window.showInformationMessage(message, publish)) === publish;
}

async function tellPublished(name: string, published: PublishedAdapter): Promise<void> {
  const open = 'Open Page';
  if ((await vscode.window.showInformationMessage(publishedText(name, published), open)) !== open) return;
  await vscode.env.openExternal(vscode.Uri.parse(published.url));
}
