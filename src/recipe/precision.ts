import type { ResolvedRecipe } from './recipe.generated';

/** What of a recipe does not compute in its precision on any machine: `where`, and why, in a sentence. */
export interface PrecisionObstacle {
  readonly where: string;
  readonly reason: string;
}

/** What needs no look at the machine to know that `engine.precision` cannot be had; undefined where a machine may have it. */
export function precisionObstacle(engine: ResolvedRecipe['engine']): PrecisionObstacle | undefined {
  const { precision, runtime, quantization } = engine;
  if (precision === 'bf16') {
    return { where: 'This engine', reason: 'WebGPU has no such numbers; "fp16" is there.' };
  }
  if (precision !== 'fp16' || runtime === 'reference') return undefined;
  if (runtime === 'tensorflow') return { where: 'TensorFlow', reason: 'Here it computes in fp32.' };
  if (quantization === 'none') return undefined;
  return { where: 'The processor', reason: `Weights in ${quantization} are computed with there, in fp32.` };
}
