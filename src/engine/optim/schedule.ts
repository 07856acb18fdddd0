/** Learning-rate schedules by Transformers' names. */
export type SchedulerType = 'constant' | 'constant_with_warmup' | 'linear' | 'cosine';

/**
 * Factor on the learning rate in optimizer step `step` (from 0) of `totalSteps`, as Transformers'
 * `optimization.py` defines it: a linear warm-up, then constant, a line or half a cosine down to 0.
 */
export function scheduleFactor(type: SchedulerType, step: number, warmupSteps: number, totalSteps: number): number {
  if (type === 'constant') return 1;
  if (step < warmupSteps) return step / Math.max(1, warmupSteps);
  if (type === 'constant_with_warmup') return 1;
  const rest = Math.max(1, totalSteps - warmupSteps);
  if (type === 'linear') return Math.max(0, (totalSteps - step) / rest);
  return Math.max(0, 0.5 * (1 + Math.cos((Math.PI * (step - warmupSteps)) / rest)));
}
