import { formatNumber } from '../../run/format';
import type { RunState } from '../../run/runState';
import type { ShownStatus } from '../../run/viewProtocol';
import type { Health } from './gradHealth';

/** How a status is called, and what it looks like: the sign says it without colour. */
export const statusWords: Readonly<Record<ShownStatus, { readonly word: string; readonly sign: string }>> = {
  waiting: { word: 'Preparing', sign: '○' },
  running: { word: 'Training', sign: '●' },
  paused: { word: 'Paused', sign: '❚❚' },
  cancelled: { word: 'Stopped', sign: '■' },
  finished: { word: 'Finished', sign: '✓' },
  failed: { word: 'Failed', sign: '✕' },
  interrupted: { word: 'Interrupted', sign: '!' },
  elsewhere: { word: 'Training in another process', sign: '●' },
};

export type Control = 'pause' | 'resume' | 'stop';

/** What can be done with a run. */
export const controlsOf: Readonly<Record<ShownStatus, readonly Control[]>> = {
  waiting: ['stop'],
  running: ['pause', 'stop'],
  paused: ['resume', 'stop'],
  cancelled: ['resume'],
  finished: [],
  failed: ['resume'],
  interrupted: ['resume'],
  elsewhere: [],
};

export const healthWords: Readonly<Record<Health, string>> = {
  unknown: 'The size of each step’s correction, before clipping.',
  steady: '✓ Steady: the last corrections are of their usual size. Shaded: 3 and 10 times that.',
  jumpy: '▲ Jumpy: some of the last corrections are more than 3 times their usual size.',
  exploding:
    '✕ Far off: some of the last corrections are more than 10 times their usual size. Try a lower learning_rate.',
};

export type Tone = 'good' | 'plain' | 'warning' | 'bad';

/** Something that happened, in words. */
export interface Happening {
  readonly tone: Tone;
  readonly when: string;
  readonly text: string;
  readonly hint: string | null;
}

/** What happened in a run beside its steps, latest first: how it ended, its proof, its warnings, its checkpoints. */
export function happenings(run: RunState): readonly Happening[] {
  return [...endOf(run), ...proofOf(run), ...warningsOf(run), ...checkpointsOf(run), ...resumesOf(run)];
}

function endOf({ finished, cancelled, error }: RunState): Happening[] {
  if (error !== null) return [{ tone: 'bad', when: 'End', text: error.message, hint: error.hint }];
  if (cancelled !== null) {
    const hint = cancelled.checkpoint === null ? null : 'Resume goes on exactly where it stopped.';
    return [{ tone: 'plain', when: `Step ${cancelled.step}`, text: 'Training was stopped.', hint }];
  }
  if (finished === null) return [];
  const evaluated = finished.eval_loss === null ? '' : `, ${formatNumber(finished.eval_loss)} on data it never saw`;
  const { steps, best_step: best } = finished;
  const kept = best === undefined ? '' : `; the adapter is that of step ${best}, the best on data it never saw,`;
  const text = `Finished after ${steps} steps${kept} with a loss of ${formatNumber(finished.loss)}${evaluated}.`;
  return [{ tone: 'good', when: 'End', text, hint: `Saved in ${finished.adapter}` }];
}

function proofOf({ proof }: RunState): Happening[] {
  if (proof === null) return [];
  const { modules, changed_modules: changed, logits_difference: difference, rounding } = proof;
  const text = `Proof that training changed the model: ${changed} of ${modules} trained layers are different now.`;
  const hint = `On a test text the scores of the next word moved by up to ${formatNumber(difference)}; rounding alone could move them by ${formatNumber(rounding)}.`;
  return [{ tone: 'good', when: 'Proof', text, hint }];
}

function warningsOf({ warnings, plan }: RunState): Happening[] {
  const ofRun = warnings.map(({ message, hint }) => ({ tone: 'warning', when: 'Note', text: message, hint }) as const);
  const said = new Set(warnings.map(({ message }) => message));
  const ofPlan = (plan?.warnings ?? []).filter((text) => !said.has(text));
  return [...ofRun, ...ofPlan.map((text) => ({ tone: 'warning', when: 'Note', text, hint: null }) as const)];
}

function checkpointsOf({ checkpoints }: RunState): Happening[] {
  return checkpoints
    .map(({ step }) => ({ tone: 'plain', when: `Step ${step}`, text: 'Checkpoint saved.', hint: null }) as const)
    .reverse();
}

function resumesOf({ resumed_at: resumed }: RunState): Happening[] {
  return resumed
    .map((step) => ({ tone: 'plain', when: `Step ${step}`, text: 'Training was resumed.', hint: null }) as const)
    .reverse();
}
