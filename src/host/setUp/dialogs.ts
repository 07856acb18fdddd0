import * as vscode from 'vscode';
import { Failure } from '../../failure/failure';
import type { SetUpNews } from '../../run/setUp';
import { signalOf } from '../signalOf';
import { SetUpBar, setUpNewsText } from './news';

/** What every set-up of further libraries ends with: it is done, or it was stopped and changed nothing. */
type Outcome<Done> = { readonly outcome: 'finished'; readonly set_up: Done } | { readonly outcome: 'cancelled' };

/** Asks before anything is fetched. */
export async function isAgreed({
  question,
  detail,
}: {
  readonly question: string;
  readonly detail: string;
}): Promise<boolean> {
  const yes = 'Set Up';
  return (await vscode.window.showWarningMessage(question, { modal: true, detail }, yes)) === yes;
}

/**
 * Has an engine process set something up, with a notification that tells how far it is and stops it. Undefined where it was
 * stopped or failed, which is said; `again` is the command that begins anew.
 */
export async function watchSetUp<Done>(
  name: string,
  again: string,
  begin: (onNews: (news: SetUpNews) => void, signal: AbortSignal) => Promise<Outcome<Done>>,
): Promise<Done | undefined> {
  const options = { location: vscode.ProgressLocation.Notification, title: `Setting up ${name}`, cancellable: true };
  try {
    const ended = await vscode.window.withProgress(options, (progress, cancellation) => {
      const bar = new SetUpBar();
      progress.report({ message: 'looking at what is there' });
      return begin(
        (news) => progress.report({ message: setUpNewsText(news), increment: bar.increment(news) }),
        signalOf(cancellation),
      );
    });
    if (ended.outcome === 'finished') return ended.set_up;
    void vscode.window.showInformationMessage(`The set-up of ${name} was stopped: nothing was changed.`);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    void tellFailure(error, again);
  }
  return undefined;
}

async function tellFailure({ code, message, hint }: Failure, command: string): Promise<void> {
  const again = 'Try Again';
  const actions = /-(not-downloaded|needs-space)$/.test(code) ? [again] : [];
  const answer = await vscode.window.showErrorMessage([message, hint ?? ''].join(' ').trim(), ...actions);
  if (answer === again) await vscode.commands.executeCommand(command);
}

/** Asks, then has it removed, and says what became of it. */
export async function askToRemove(name: string, detail: string, remove: () => Promise<boolean>): Promise<void> {
  const yes = 'Remove';
  const answer = await vscode.window.showWarningMessage(`Remove ${name}?`, { modal: true, detail }, yes);
  if (answer !== yes) return;
  const isGone = await remove();
  void vscode.window.showInformationMessage(isGone ? `${name} was removed.` : `${name} was not set up.`);
}
