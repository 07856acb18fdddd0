import type { RunSummary } from '../../run/answers';
import { formatCount, formatDuration, formatNumber } from '../../run/format';
import type { Job, JobPhase } from '../runs/job';
import { escapeMarkdown } from './markdown';
import type { TreeNode } from './treeNode';

/** The Runs view: what this window does first, then the runs on disk, latest first. */
export function runTree(runs: readonly RunSummary[], jobs: readonly Job[]): readonly TreeNode[] {
  const own = new Set(jobs.map(({ folder }) => folder));
  return [
    ...jobs.map((job) => jobNode(job)),
    ...runs.filter(({ folder }) => !own.has(folder)).map((run) => runNode(run)),
  ];
}

const phaseWords: Readonly<Record<JobPhase, string>> = {
  waiting: 'waits for its turn',
  preparing: 'getting ready',
  running: '',
  pausing: 'pausing after this step',
  paused: 'paused',
  stopping: 'stopping after this step',
  over: 'over',
};

/** A job may have no folder yet, and its recipe may be queued twice. */
export function jobNodeId({ id }: Job): string {
  return `job:${id}`;
}

function jobNode(job: Job): TreeNode {
  const { name, phase, folder, request } = job;
  const words = phaseWords[phase];
  const description = [words, jobProgress(job)].filter((part) => part !== '').join(' · ');
  return {
    id: jobNodeId(job),
    label: name,
    description,
    tooltip: `**${escapeMarkdown(name)}**\n\n${escapeMarkdown(description)}\n\n${escapeMarkdown(request.recipeFile)}`,
    icon: jobIcon(phase),
    context: phase === 'running' || phase === 'paused' || phase === 'waiting' ? `run.${phase}` : 'run.busy',
    ...(folder === null ? {} : { path: folder, click: 'open-dashboard' as const }),
  };
}

/**
 * What turns has to be drawn again and again, by the processor where no graphics card does it: there a spinner slows
 * training down. While it trains its numbers move.
 */
export function jobIcon(phase: Job['phase']): string {
  return jobIcons[phase] ?? 'loading~spin';
}

const jobIcons: Readonly<Partial<Record<Job['phase'], string>>> = {
  waiting: 'clock',
  running: 'pulse',
  paused: 'debug-pause',
};

/** `34/150 · loss 0.4217 · 12 s left`, as far as it is known. */
export function jobProgress({ state, phase }: Job): string {
  const last = state.steps.at(-1);
  if (last === undefined) return '';
  const eta = phase === 'running' ? [`${formatDuration(last.eta_seconds)} left`] : [];
  return [progress(state.step, state.total_steps), `loss ${formatNumber(last.loss)}`, ...eta].join(' · ');
}

function progress(step: number, total: number): string {
  return `${formatCount(step)}/${formatCount(total)}`;
}

const looks = {
  running: { icon: 'vm-running', words: 'is trained by another program' },
  finished: { icon: 'pass', words: 'finished', color: 'testing.iconPassed' },
  cancelled: { icon: 'debug-stop', words: 'stopped, can be resumed' },
  failed: { icon: 'error', words: 'failed', color: 'testing.iconFailed' },
  interrupted: { icon: 'debug-disconnect', words: 'interrupted, can be resumed' },
} as const satisfies Record<RunSummary['status'], { icon: string; words: string; color?: string }>;

function runNode(run: RunSummary): TreeNode {
  const { folder, name, status, step, total_steps, loss, resumable } = run;
  const { icon, words, ...color } = looks[status];
  const reached = progress(step, total_steps);
  const numbers = loss === null ? [reached] : [`loss ${formatNumber(loss)}`, reached];
  // What matters first: the end is cut off in a narrow sidebar.
  const facts = status === 'finished' ? [...numbers, words] : [words, ...numbers];
  const started = run.started.slice(0, 16).replace('T', ' ');
  return {
    id: folder,
    label: name,
    description: facts.join(' · '),
    tooltip: [`**${escapeMarkdown(name)}** ${words}`, numbers.join(' · '), `Begun ${started} (UTC)`, run.run]
      .map((line, at) => (at === 0 ? line : escapeMarkdown(line)))
      .join('\n\n'),
    icon,
    ...color,
    context: status === 'running' ? 'run.elsewhere' : resumable ? 'run.resumable' : 'run.finished',
    path: folder,
    click: 'open-dashboard',
  };
}
