import { formatBytes, formatCount, formatPercent } from '../../run/format';
import type { AdapterPlan } from '../../run/plan';
import type { ModelFacts, ModuleFacts } from '../../recipe/facts';

/** Parameters that an adapter of rank `r` adds to a layer: A is [r, in], B is [out, r]. */
export function adapterParams({ in: inputs, out: outputs }: ModuleFacts, r: number): number {
  return r * (inputs + outputs);
}

/** Layers that can carry an adapter and go by this name, as PEFT reads it in a list: whole path or dotted ending. */
export function modulesNamed({ modules }: ModelFacts, name: string): readonly ModuleFacts[] {
  return modules.filter(({ path, isAdaptable }) => isAdaptable && (path === name || path.endsWith(`.${name}`)));
}

/** All linear layers but the head: what `all-linear` means. */
export function linearModules({ modules, head }: ModelFacts): readonly ModuleFacts[] {
  return modules.filter(({ path, kind }) => (kind === 'linear' || kind === 'conv1d') && path !== head);
}

/** `884,736 trainable parameters, 0.65 % of the model, a file of 3.54 MB` */
export function costWords({ trainable_params, trainable_percent, file_bytes }: AdapterPlan): string {
  const share = formatPercent(trainable_percent);
  return `${formatCount(trainable_params)} trainable parameters, ${share} of the model, a file of ${formatBytes(file_bytes)}`;
}

/**
 * The same adapter with another rank: every layer that has the old rank gets the new one. What else is trained (biases,
 * saved modules) stays as it is.
 */
export function atRank(plan: AdapterPlan, oldRank: number, rank: number): AdapterPlan {
  const change = plan.modules
    .filter(({ r }) => r === oldRank)
    .reduce((sum, { in: inputs, out: outputs }) => sum + (rank - oldRank) * (inputs + outputs), 0);
  const trainable = plan.trainable_params + change;
  const all = plan.all_params + change;
  return {
    ...plan,
    trainable_params: trainable,
    all_params: all,
    trainable_percent: (100 * trainable) / all,
    file_bytes: plan.file_bytes + 4 * change,
  };
}

/** `30 layers`, `1 layer` */
export function layersWords(count: number): string {
  return `${formatCount(count)} ${count === 1 ? 'layer' : 'layers'}`;
}
