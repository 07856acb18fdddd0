import type * as vscode from 'vscode';
import type { RunSummary } from '../run/answers';
import type { TrainingEvent } from '../run/trainingEvent';
import type { AdapterFacts } from './adapters/adapterFacts';
import type { Disposable } from './signal';

/** What the extension offers to others: `extension.exports.getApi(1)`. */
export interface LoraExports {
  /** @throws RangeError for a version that this extension does not know */
  getApi(version: 1): LoraApi;
}

export interface LoraApi {
  readonly version: 1;
  /** Queues a run of a recipe; resolves when it is over. Rejects with the reason where it failed. */
  startRun(recipe: vscode.Uri): Promise<'finished' | 'cancelled'>;
  /** What runs say, in order; `folder` is the run's folder. */
  onDidRunEvent(listener: (folder: string, event: TrainingEvent) => void): Disposable;
  /** Runs in the workspace, latest first. */
  runs(): Promise<readonly RunSummary[]>;
  /** Adapter folders in the workspace, also those that PEFT wrote. */
  adapters(): Promise<readonly AdapterFacts[]>;
}
