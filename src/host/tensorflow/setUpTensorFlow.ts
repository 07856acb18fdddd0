import path from 'node:path';
import * as vscode from 'vscode';
import { Failure } from '../../failure/failure';
import { formatBytes } from '../../run/format';
import type { TensorflowOffer, TensorflowSetUp, TensorflowState, TensorflowVariant } from '../../run/tensorflow';
import { commandIds } from '../commands/commandIds';
import type { EngineClient } from '../engine/engineClient';
import { chooseUsable } from '../recipes/steps';
import { waysToSetUp } from './setUpWays';
import { agreement, SetUpBar, setUpNewsText, setUpText } from './setUpText';
import { signalOf } from '../signalOf';

/**
 * Set Up TensorFlow: says what it takes, asks, has an engine process do it, and says what became of it. Gives what it is set up
 * for, undefined where the user changed their mind or it failed, which is said.
 */
export async function setUpTensorFlow(
  startEngine: () => Promise<EngineClient>,
): Promise<TensorflowVariant | undefined> {
  const engine = await startEngine();
  try {
    const looking = engine.tensorflow();
    const placeHolder = 'Nobody needs it: recipes train without. It is another library to compare with';
    const wish = await chooseUsable('Set Up TensorFlow', placeHolder, looking.then(waysToSetUp));
    if (wish === undefined) return undefined;
    const state = await looking;
    if (wish === 'remove') {
      await remove(state, engine);
      return undefined;
    }
    if ('hindrance' in wish) {
      void vscode.window.showWarningMessage(wish.hindrance);
      return undefined;
    }
    const wheel = wish.from === 'wheel' ? await chooseWheel() : null;
    if (wheel === undefined || !(await isAgreed(state, wish.offer, wheel))) return undefined;
    const done = await setUp(engine, wish.offer.variant, wheel);
    if (done !== undefined) void tellSetUp(done);
    return done?.variant;
  } finally {
    void engine.dispose();
  }
}

async function chooseWheel(): Promise<string | undefined> {
  const chosen = await vscode.window.showOpenDialog({
    title: "TensorFlow's wheel",
    openLabel: 'Use This Wheel',
    canSelectMany: false,
    filters: { 'Python wheels': ['whl'] },
  });
  return chosen?.[0]?.fsPath;
}

async function isAgreed(state: TensorflowState, offer: TensorflowOffer, wheel: string | null): Promise<boolean> {
  const { question, detail } = agreement(state, offer, wheel);
  const yes = 'Set Up';
  return (await vscode.window.showWarningMessage(question, { modal: true, detail }, yes)) === yes;
}

async function setUp(
  engine: EngineClient,
  variant: TensorflowVariant,
  wheel: string | null,
): Promise<TensorflowSetUp | undefined> {
  const options = { location: vscode.ProgressLocation.Notification, title: 'Setting up TensorFlow', cancellable: true };
  try {
    const ended = await vscode.window.withProgress(options, (progress, cancellation) => {
      const bar = new SetUpBar();
      progress.report({ message: 'looking at what is there' });
      return engine.setUpTensorflow(
        { variant, wheel },
        (news) => progress.report({ message: setUpNewsText(news), increment: bar.increment(news) }),
        signalOf(cancellation),
      );
    });
    if (ended.outcome === 'finished') return ended.set_up;
    void vscode.window.showInformationMessage('The set-up of TensorFlow was stopped: nothing was changed.');
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    void tellFailure(error);
  }
  return undefined;
}

async function tellFailure({ code, message, hint }: Failure): Promise<void> {
  const again = 'Try Again';
  const actions = ['tensorflow-not-downloaded', 'tensorflow-needs-space'].includes(code) ? [again] : [];
  const answer = await vscode.window.showErrorMessage([message, hint ?? ''].join(' ').trim(), ...actions);
  if (answer === again) await vscode.commands.executeCommand(commandIds.setUpTensorFlow);
}

/** Ends with where it is used: the recipe's device is chosen there. */
async function tellSetUp(done: TensorflowSetUp): Promise<void> {
  const use = 'Select Device';
  if ((await vscode.window.showInformationMessage(setUpText(done), use)) !== use) return;
  await vscode.commands.executeCommand(commandIds.selectDevice);
}

async function remove(state: TensorflowState, engine: EngineClient): Promise<void> {
  const yes = 'Remove';
  const size = state.set_up === null ? '' : `${formatBytes(state.set_up.bytes)} in `;
  const answer = await vscode.window.showWarningMessage(
    'Remove TensorFlow?',
    {
      modal: true,
      detail: `${size}${path.normalize(state.folder)} are deleted. Recipes that ask for TensorFlow do not train without it.`,
    },
    yes,
  );
  if (answer !== yes) return;
  const isGone = await engine.removeTensorflow();
  void vscode.window.showInformationMessage(isGone ? 'TensorFlow was removed.' : 'TensorFlow was not set up.');
}
