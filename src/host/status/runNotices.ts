import path from 'node:path';
import * as vscode from 'vscode';
import type { RunSummary } from '../../run/answers';
import { commandIds } from '../commands/commandIds';
import type { Job, JobEnd } from '../runs/job';
import { workspaceNotTrusted } from '../runs/failures';
import { readRun, runSince } from '../runs/runFiles';
import { askToEnd } from '../runs/runLock';
import type { RunService } from '../runs/runService';
import type { Disposable } from '../signal';
import { endNotice, foundAgainNotice, unbegunNotice, type NoticeAction } from './endNotice';
import { openPlace, showNotice } from './notices';

export interface NoticeOptions {
  openDashboard(folder: string): void;
  notifiesWhenDone(): boolean;
}

/** What this window trains, kept over its end. */
interface Remembered {
  readonly recipe: string;
  readonly name: string;
  /** When it was asked for, ISO 8601. */
  readonly asked: string;
  /** The run's folder; null while the window does not know it. */
  readonly folder: string | null;
}

const trainingKey = 'lora.training';
/** An engine whose window closed has this long to write its last checkpoint, in seconds. */
const lastMoments = 8;

/** The one notice at the end of each run, and the one for a run that the window's end interrupted. */
export class RunNotices implements Disposable {
  readonly #service: RunService;
  readonly #memory: vscode.Memento;
  readonly #log: vscode.LogOutputChannel;
  readonly #options: NoticeOptions;
  readonly #subscriptions: readonly Disposable[];
  /** When each job was asked for. */
  readonly #asked = new Map<number, string>();
  #isClosing = false;

  constructor(service: RunService, memory: vscode.Memento, log: vscode.LogOutputChannel, options: NoticeOptions) {
    this.#service = service;
    this.#memory = memory;
    this.#log = log;
    this.#options = options;
    this.#subscriptions = [
      service.onDidChangeJob(() => this.#remember()),
      service.onDidEnd((job, end) => void this.#ended(job, end)),
    ];
  }

  dispose(): void {
    for (const subscription of this.#subscriptions) subscription.dispose();
  }

  /** From now on runs end because the window does: they stay remembered. */
  windowCloses(): void {
    this.#isClosing = true;
  }

  /** Whether the workspace may run the engine; if not, says so, with what is not done ("trained"), and offers the way. */
  async askForTrust(done?: string): Promise<boolean> {
    if (vscode.workspace.isTrusted) return true;
    const { message, hint } = workspaceNotTrusted(done);
    const action = await showNotice({ level: 'error', text: `${message} ${hint ?? ''}`, actions: ['trust'] });
    if (action === 'trust') await vscode.commands.executeCommand('workbench.trust.manage');
    return false;
  }

  /** Of the runs that this window trained before it was closed or reloaded: where each stands, and how to go on. */
  async tellInterrupted(): Promise<void> {
    const remembered = this.#memory.get<readonly Remembered[]>(trainingKey) ?? [];
    this.#note(undefined);
    await Promise.all(remembered.map((each) => this.#tellOf(each)));
  }

  async #tellOf({ recipe, name, asked, folder: known }: Remembered): Promise<void> {
    const folder = known ?? (await this.#folderOf(recipe, asked));
    if (folder === undefined) {
      const again = await showNotice(unbegunNotice(name));
      if (again !== undefined) await vscode.commands.executeCommand(commandIds.trainAdapter, vscode.Uri.file(recipe));
      return;
    }
    const run = await this.#whenOver(folder);
    const action = await showNotice(foundAgainNotice(path.basename(folder), run));
    if (action === 'take-over') {
      await askToEnd(folder);
      await this.#whenOver(folder);
      this.#service.resume(folder);
    }
    if (action === 'resume' || action === 'take-over') this.#options.openDashboard(folder);
    await this.#act(action, folder, run?.adapter ?? undefined);
  }

  /** The folder of a run that began when its window could no longer hear of it. */
  async #folderOf(recipe: string, asked: string): Promise<string | undefined> {
    for (let second = 0; second < lastMoments; second++) {
      const run = await runSince(recipe, asked);
      if (run !== undefined) return run.folder;
      await new Promise((resolve) => setTimeout(resolve, 1000));
    }
    return undefined;
  }

  /** The run once no process trains it any more; as it is where that takes too long; undefined where it is gone. */
  async #whenOver(folder: string): Promise<RunSummary | undefined> {
    for (let second = 0; ; second++) {
      const run = await readRun(folder);
      if (run?.status !== 'running' || second === lastMoments) return run;
      await new Promise((resolve) => setTimeout(resolve, 1000));
    }
  }

  #remember(): void {
    if (this.#isClosing) return;
    const training = this.#service.jobs.map(({ id, name, folder, request }): Remembered => {
      const asked = this.#asked.get(id) ?? new Date().toISOString();
      this.#asked.set(id, asked);
      return { recipe: request.recipeFile, name, asked, folder };
    });
    const known = this.#memory.get<readonly Remembered[]>(trainingKey) ?? [];
    if (JSON.stringify(training) !== JSON.stringify(known)) this.#note(training);
  }

  #note(training: readonly Remembered[] | undefined): void {
    this.#memory.update(trainingKey, training).then(undefined, (error: unknown) => this.#log.warn(String(error)));
  }

  async #ended(job: Job, end: JobEnd): Promise<void> {
    if (this.#isClosing) return;
    this.#remember();
    if (end.kind === 'broken') this.#log.error(end.error instanceof Error ? end.error : String(end.error));
    const notice = endNotice(job, end);
    if (notice === undefined || (notice.level === 'info' && !this.#options.notifiesWhenDone())) return;
    const action = await showNotice(notice);
    if (action === 'open-place' && end.kind === 'failed') await openPlace(end.failure);
    await this.#act(action, job.folder, job.state.finished?.adapter);
  }

  async #act(action: NoticeAction | undefined, folder: string | null, adapter: string | undefined): Promise<void> {
    if (action === 'adapter' && adapter !== undefined) {
      await vscode.commands.executeCommand(commandIds.showAdapter, vscode.Uri.file(adapter));
    }
    if (action === 'try' && adapter !== undefined) {
      await vscode.commands.executeCommand(commandIds.openPlayground, vscode.Uri.file(adapter));
    }
    if (action === 'dashboard' && folder !== null) this.#options.openDashboard(folder);
    if (action === 'resume' && folder !== null) this.#service.resume(folder);
    if (action === 'log') this.#log.show(true);
    if (action === 'trust') await vscode.commands.executeCommand('workbench.trust.manage');
  }
}
