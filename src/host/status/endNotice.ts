import path from 'node:path';
import { describePlace, type Failure } from '../../failure/failure';
import { formatCount, formatNumber } from '../../run/format';
import type { RunSummary } from '../../run/answers';
import type { Job, JobEnd } from '../runs/job';

/** What a button of a notice does. */
export type NoticeAction =
  'try' | 'adapter' | 'dashboard' | 'resume' | 'take-over' | 'again' | 'log' | 'open-place' | 'trust';

export interface Notice {
  readonly level: 'info' | 'error';
  readonly text: string;
  readonly actions: readonly NoticeAction[];
}

/** The one notice at the end of a run. Undefined where nothing was to be expected: a job that never began. */
export function endNotice(job: Job, end: JobEnd): Notice | undefined {
  const { name, state, folder } = job;
  const dashboard = folder === null ? [] : (['dashboard'] as const);
  switch (end.kind) {
    case 'finished':
      return {
        level: 'info',
        text: `"${name}" is trained: ${resultOf(job)}.`,
        actions: ['try', 'adapter', ...dashboard],
      };
    case 'cancelled':
      if (folder === null) return undefined;
      return {
        level: 'info',
        text: `Training of "${name}" stopped after step ${formatCount(state.step)}; its checkpoint is kept.`,
        actions: ['resume', ...dashboard],
      };
    case 'failed':
      return failureNotice(name, end.failure);
    case 'crashed': {
      const { message, hint, lastLines } = end.crash;
      const last = lastLines
        .filter((line) => !/^Engine process \d+ on Node /.test(line))
        .slice(-3)
        .join(' ⏎ ');
      const said = last === '' ? '' : ` It said last: ${last}`;
      const resume = folder === null ? [] : (['resume'] as const);
      const next = folder === null ? 'Nothing was trained yet: train again.' : hint;
      return { level: 'error', text: `"${name}": ${message} ${next}${said}`, actions: [...resume, 'log'] };
    }
    case 'broken':
      return { level: 'error', text: `Training of "${name}" failed: ${String(end.error)}`, actions: ['log'] };
  }
}

function failureNotice(name: string, { code, message, hint, place }: Failure): Notice {
  const file = place?.file;
  const where = describePlace(file === undefined ? place : { ...place, file: path.basename(file) });
  const text = [`"${name}": ${message}`, hint, where === '' ? undefined : `See ${where}.`];
  const open = file === undefined ? [] : (['open-place'] as const);
  return {
    level: 'error',
    text: text.filter((part) => part !== undefined).join(' '),
    actions: code === 'workspace-not-trusted' ? ['trust'] : [...open, 'log'],
  };
}

/** `150 steps, loss 4.123 → 0.1487` */
function resultOf({ state }: Job): string {
  const first = state.steps[0]?.loss;
  const { finished } = state;
  if (finished === null) return `${formatCount(state.step)} steps`;
  const loss = formatNumber(finished.loss);
  const course = first === undefined ? loss : `${formatNumber(first)} → ${loss}`;
  const { steps, best_step: best } = finished;
  const kept = best === undefined ? '' : ` (step ${formatCount(best)}, the best on rows it never saw, is kept)`;
  return `${formatCount(steps)} steps, loss ${course}${kept}`;
}

/**
 * Of a run that trained when the window was closed or reloaded: whether it was found again, where it stands, and whether
 * it can go on. `id` is the run's; `run` is undefined where its folder is gone.
 */
export function foundAgainNotice(id: string, run: RunSummary | undefined): Notice {
  if (run === undefined) {
    const text = `The run ${id}, which trained when this window was closed, is not there any more.`;
    return { level: 'info', text, actions: [] };
  }
  const { name, status, step, total_steps } = run;
  if (status === 'finished') {
    const text = `"${name}" was trained before the window closed.`;
    return { level: 'info', text, actions: ['try', 'adapter', 'dashboard'] };
  }
  if (status === 'running') {
    const text = `"${name}" is still being trained by another window. If that window is gone, go on here: nothing is lost.`;
    return { level: 'info', text, actions: ['take-over', 'dashboard'] };
  }
  const reached = `step ${formatCount(step)} of ${formatCount(total_steps)}`;
  const from =
    step === 0
      ? 'it had not begun and can start again.'
      : `it stands at ${reached} and goes on from its last checkpoint.`;
  return { level: 'info', text: `Training of "${name}" was interrupted; ${from}`, actions: ['resume', 'dashboard'] };
}

/** The same for one that had not begun: there is nothing to go on from. */
export function unbegunNotice(name: string): Notice {
  return {
    level: 'info',
    text: `Training of "${name}" was interrupted before it began. Nothing is lost: train again.`,
    actions: ['again'],
  };
}
