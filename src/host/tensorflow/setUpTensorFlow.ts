import path from 'node:path';
import * as vscode from 'vscode';
import { formatBytes } from '../../run/format';
import type { TensorflowSetUp, TensorflowState, TensorflowVariant } from '../../run/tensorflow';
import { commandIds } from '../commands/commandIds';
import type { EngineClient } from '../engine/engineClient';
import { chooseUsable } from '../recipes/steps';
import { waysToSetUp } from './setUpWays';
import { askToRemove, isAgreed, watchSetUp } from '../setUp/dialogs';
import { agreement, setUpText } from './setUpText';

/**
 * Set Up TensorFlow: says what it takes, asks, has an engine process do it, and says what became of it. Gives what it is set up
 * for, undefined where the user changed their mind or it failed, which is said.
 */
export async function setUpTensorFlow(
  startEngine: () => Promise<EngineClient>,
): Promise<TensorflowVariant | undefined> {
  const engine = await startEngine();
  try {
    const looking = engine.setUps.tensorflow.state();
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
    if (wheel === undefined || !(await isAgreed(agreement(state, wish.offer, wheel)))) return undefined;
    const { variant } = wish.offer;
    const done = await watchSetUp('TensorFlow', commandIds.setUpTensorFlow, (onNews, signal) =>
      engine.setUps.tensorflow.setUp({ variant, wheel }, onNews, signal),
    );
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

/** Ends with where it is used: the recipe's device is chosen there. */
async function tellSetUp(done: TensorflowSetUp): Promise<void> {
  const use = 'Select Device';
  if ((await vscode.window.showInformationMessage(setUpText(done), use)) !== use) return;
  await vscode.commands.executeCommand(commandIds.selectDevice);
}

async function remove(state: TensorflowState, engine: EngineClient): Promise<void> {
  const size = state.set_up === null ? '' : `${formatBytes(state.set_up.bytes)} in `;
  const detail = `${size}${path.normalize(state.folder)} are deleted. Recipes that ask for TensorFlow do not train without it.`;
  await askToRemove('TensorFlow', detail, () => engine.setUps.tensorflow.remove());
}
