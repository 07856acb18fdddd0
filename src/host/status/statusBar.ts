import * as vscode from 'vscode';
import { commandIds } from '../commands/commandIds';
import type { Disposable } from '../signal';
import type { Job } from '../runs/job';
import type { RunService } from '../runs/runService';
import { jobIcon, jobProgress } from '../trees/runTree';

/** How often the text may change, in milliseconds. */
const interval = 500;

/** Progress of what trains, and a button that stops it. Hidden while nothing does. */
export class StatusBar implements Disposable {
  readonly #progress = vscode.window.createStatusBarItem('lora.progress', vscode.StatusBarAlignment.Left, 11);
  readonly #stop = vscode.window.createStatusBarItem('lora.stop', vscode.StatusBarAlignment.Left, 10);
  readonly #subscription: Disposable;
  readonly #service: RunService;
  #timer: NodeJS.Timeout | undefined;

  constructor(service: RunService) {
    this.#service = service;
    this.#progress.name = 'LoRA: progress of training';
    this.#progress.command = commandIds.openDashboard;
    this.#stop.name = 'LoRA: stop training';
    this.#stop.text = '$(debug-stop)';
    this.#stop.tooltip = 'Stop Training (a checkpoint is kept)';
    this.#stop.command = commandIds.stopTraining;
    this.#subscription = service.onDidChangeJob(() => {
      this.#timer ??= setTimeout(() => this.#show(), interval);
    });
  }

  dispose(): void {
    clearTimeout(this.#timer);
    this.#subscription.dispose();
    this.#progress.dispose();
    this.#stop.dispose();
  }

  #show(): void {
    this.#timer = undefined;
    const job = this.#service.jobs[0];
    if (job === undefined) {
      this.#progress.hide();
      this.#stop.hide();
      return;
    }
    this.#progress.text = statusText(job, this.#service.jobs.length - 1);
    this.#progress.tooltip = [job.request.recipeFile, ...computedOn(job), 'Click to open the dashboard'].join('\n');
    this.#progress.show();
    this.#stop.show();
  }
}

/** `Computed on webgpu. It is the fastest: …`; known once the run has a plan. */
export function computedOn({ state: { plan } }: Job): readonly string[] {
  return plan === null ? [] : [`Computed on ${plan.compute.device}. ${plan.compute.device_reason}`];
}

const phaseText: Readonly<Partial<Record<Job['phase'], string>>> = {
  waiting: 'waiting',
  preparing: 'getting ready',
  pausing: 'pausing',
  paused: 'paused',
  stopping: 'stopping',
};

/** `$(pulse) count-by-ten 34/150 · loss 0.4217 · 12 s left (+1)` */
export function statusText(job: Job, waiting: number): string {
  const words = [phaseText[job.phase] ?? '', jobProgress(job)].filter((part) => part !== '').join(' · ');
  return `$(${jobIcon(job.phase)}) ${job.name} ${words}${waiting > 0 ? ` (+${waiting})` : ''}`;
}
