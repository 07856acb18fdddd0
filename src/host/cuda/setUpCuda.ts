import path from 'node:path';
import * as vscode from 'vscode';
import type { CudaSetUp, CudaState } from '../../run/cuda';
import { formatBytes } from '../../run/format';
import { commandIds } from '../commands/commandIds';
import type { EngineClient } from '../engine/engineClient';
import { chooseUsable } from '../recipes/steps';
import { askToRemove, isAgreed, watchSetUp } from '../setUp/dialogs';
import { agreement, setUpText, type Source } from './setUpText';
import { waysToSetUp } from './setUpWays';

/**
 * Set Up CUDA: says what it takes, asks, has an engine process do it, and says what became of it. Gives whether it is set up
 * now; false where the user changed their mind or it failed, which is said.
 */
export async function setUpCuda(startEngine: () => Promise<EngineClient>): Promise<boolean> {
  const engine = await startEngine();
  try {
    const looking = engine.setUps.cuda.state();
    const placeHolder = 'For NVIDIA cards; "webgpu" computes on them without any set-up';
    const wish = await chooseUsable('Set Up CUDA', placeHolder, looking.then(waysToSetUp));
    if (wish === undefined) return false;
    const state = await looking;
    if (wish === 'remove') {
      await remove(state, engine);
      return false;
    }
    if ('hindrance' in wish) {
      void vscode.window.showWarningMessage(wish.hindrance);
      return false;
    }
    const source = wish.from === 'network' ? { from: wish.from } : await chooseSource(wish.from);
    if (source === undefined || !(await isAgreed(agreement(state, source)))) return false;
    const wheel = source.from === 'network' ? null : source.path;
    const done = await watchSetUp('CUDA', commandIds.setUpCuda, (onNews, signal) =>
      engine.setUps.cuda.setUp({ wheel }, onNews, signal),
    );
    if (done !== undefined) void tellSetUp(done);
    return done !== undefined;
  } finally {
    void engine.dispose();
  }
}

async function chooseSource(from: 'wheel' | 'folder'): Promise<Source | undefined> {
  const isFolder = from === 'folder';
  const chosen = await vscode.window.showOpenDialog({
    title: isFolder ? "Folder with ONNX Runtime's and NVIDIA's wheels" : "ONNX Runtime's wheel (onnxruntime-gpu)",
    openLabel: isFolder ? 'Use This Folder' : 'Use This Wheel',
    canSelectMany: false,
    canSelectFiles: !isFolder,
    canSelectFolders: isFolder,
    ...(isFolder ? {} : { filters: { 'Python wheels': ['whl'] } }),
  });
  const file = chosen?.[0]?.fsPath;
  return file === undefined ? undefined : { from, path: file };
}

/** Ends with where it is used: the recipe's device is chosen there. */
async function tellSetUp(done: CudaSetUp): Promise<void> {
  const use = 'Select Device';
  if ((await vscode.window.showInformationMessage(setUpText(done), use)) !== use) return;
  await vscode.commands.executeCommand(commandIds.selectDevice);
}

async function remove(state: CudaState, engine: EngineClient): Promise<void> {
  const size = state.set_up === null ? '' : `${formatBytes(state.set_up.bytes)} in `;
  const detail = `${size}${path.normalize(state.folder)} are deleted. Recipes with "device": "cuda" do not train without it.`;
  await askToRemove('CUDA', detail, () => engine.setUps.cuda.remove());
}
