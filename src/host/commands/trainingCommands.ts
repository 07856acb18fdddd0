import * as vscode from 'vscode';
import type { Job } from '../runs/job';
import type { RunService } from '../runs/runService';
import { jobNodeId, jobProgress } from '../trees/runTree';
import type { WorkspaceFiles } from '../workspace/workspaceFiles';
import { recipeFor } from './recipeCommands';
import { targetPath } from './targetPath';

/** Train Adapter: saves the recipe if it has changes, and queues a run of it. */
export async function trainAdapter(
  target: unknown,
  files: WorkspaceFiles,
  service: RunService,
): Promise<Job | undefined> {
  const recipe = await recipeFor(target, files, 'Train Adapter');
  if (recipe === undefined) return undefined;
  await vscode.workspace.textDocuments.find(({ uri }) => uri.fsPath === recipe)?.save();
  return service.train({ recipeFile: recipe });
}

/** Stop and Pause: the run that the target names, the only one that fits, or the one that the user picks. */
export async function jobFor(
  target: unknown,
  service: RunService,
  title: string,
  fits: (job: Job) => boolean,
): Promise<Job | undefined> {
  const folder = targetPath(target);
  if (folder !== undefined) return service.jobOf(folder);
  const node = service.jobs.find((job) => jobNodeId(job) === targetId(target));
  if (node !== undefined) return node;
  const jobs = service.jobs.filter(fits);
  if (jobs.length <= 1) return jobs[0];
  const items = jobs.map((job) => ({ label: job.name, description: jobProgress(job), job }));
  return (await vscode.window.showQuickPick(items, { title, placeHolder: 'Which run?' }))?.job;
}

function targetId(target: unknown): unknown {
  return typeof target === 'object' && target !== null && 'id' in target ? target.id : undefined;
}

/** Resume: folder of a paused run first, else one on disk that can go on. */
export async function folderToResume(target: unknown, service: RunService): Promise<string | undefined> {
  const named = targetPath(target);
  if (named !== undefined) return named;
  const paused = service.jobs.find(({ phase }) => phase === 'paused' || phase === 'pausing');
  if (paused !== undefined) return paused.folder ?? undefined;
  return pickRun(service, 'Resume Training', 'There is no run that could be resumed.', true);
}

/** Open Dashboard: the target, what trains, or the run that the user picks. */
export async function folderToShow(target: unknown, service: RunService): Promise<string | undefined> {
  const named = targetPath(target) ?? service.jobs.find(({ folder }) => folder !== null)?.folder;
  return named ?? pickRun(service, 'Open Dashboard', 'There is no run yet: Train Adapter starts one.', false);
}

async function pickRun(
  service: RunService,
  title: string,
  none: string,
  resumableOnly: boolean,
): Promise<string | undefined> {
  const runs = (await service.runs()).filter(({ resumable }) => resumable || !resumableOnly);
  if (runs.length === 0) void vscode.window.showInformationMessage(none);
  if (runs.length <= 1) return runs[0]?.folder;
  const items = runs.map(({ name, status, step, total_steps, started, folder }) => ({
    label: name,
    description: `${status} · ${step}/${total_steps} · ${started.slice(0, 16).replace('T', ' ')}`,
    folder,
  }));
  return (await vscode.window.showQuickPick(items, { title, placeHolder: 'Which run?' }))?.folder;
}
