import type { ResolvedRecipe } from './recipe.generated';

type Engine = ResolvedRecipe['engine'];

/** In 16 bits, as in `engine.precision`. */
export type HalfPrecision = Exclude<Engine['precision'], 'auto' | 'fp32'>;

/** What ONNX Runtime may compute in on a device beside fp32, if its driver can. */
export const halfPrecisionsOn: Readonly<Record<Exclude<Engine['device'], 'auto'>, readonly HalfPrecision[]>> = {
  cpu: [],
  webgpu: ['fp16'],
  cuda: ['fp16', 'bf16'],
  directml: ['fp16'],
  coreml: ['fp16'],
};

/** What of a recipe does not compute in its precision on any machine: `where`, and why, in a sentence. */
export interface PrecisionObstacle {
  readonly where: string;
  readonly reason: string;
}

/** What needs no look at the machine to know that `engine.precision` cannot be had; undefined where a machine may have it. */
export function precisionObstacle({ precision, runtime, device }: Engine): PrecisionObstacle | undefined {
  if (precision === 'auto' || precision === 'fp32' || runtime === 'reference') return undefined;
  if (runtime === 'tensorflow') return device === 'cpu' ? tensorflowOnProcessor : undefined;
  if (device === 'auto' || device === 'cpu' || halfPrecisionsOn[device].includes(precision)) return undefined;
  return { where: `The device "${device}"`, reason: withoutBfloat16 };
}

/** Also where a recipe leaves the device to TensorFlow, and that was set up for the processor. */
export const tensorflowOnProcessor: PrecisionObstacle = {
  where: 'TensorFlow on the processor',
  reason:
    'There it computes in fp32; set up for an NVIDIA card (`lora setup tensorflow --gpu`), it computes in fp16 and bf16, too.',
};

/** Why a GPU's driver is not asked for bf16. */
export const withoutBfloat16 = 'Only CUDA on an NVIDIA card does.';
