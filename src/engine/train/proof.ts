import { adapterNotFinite, adapterUnchanged, adapterWithoutEffect } from './failures';

/** A group of tensors that together adapt one module, with their values at the start and now. */
export interface AdaptedModule {
  readonly path: string;
  readonly tensors: readonly { readonly before: Float32Array; readonly after: Float32Array }[];
}

export interface Proof {
  readonly modules: number;
  readonly changed_modules: number;
  readonly logits_difference: number;
  readonly rounding: number;
}

/**
 * Shows that training changed the model: every module was changed, and a probe text's logits differ from the base
 * model's beyond what rounding makes of them.
 * @throws Failure `adapter-unchanged`, `adapter-without-effect`, `training-diverged`
 */
export function proveChange(
  modules: readonly AdaptedModule[],
  logits: { base: Float32Array; tuned: Float32Array },
): Proof {
  const unchanged = modules.filter(({ tensors }) =>
    tensors.every(({ before, after }) => after.every((value, i) => value === before[i])),
  );
  if (unchanged.length > 0) throw adapterUnchanged(unchanged.map(({ path }) => path));
  let [difference, largest] = [0, 0];
  logits.base.forEach((value, i) => {
    difference = Math.max(difference, Math.abs(value - logits.tuned[i]!));
    largest = Math.max(largest, Math.abs(value));
  });
  if (!Number.isFinite(difference)) throw adapterNotFinite();
  // A few units in the last place of the largest logit: what another order of summation may make.
  const rounding = 4 * 2 ** -23 * largest;
  if (difference <= rounding) throw adapterWithoutEffect(difference, rounding);
  return { modules: modules.length, changed_modules: modules.length, logits_difference: difference, rounding };
}
