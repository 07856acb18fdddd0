import type { ConfigReader } from './config';
import { configValueUnsupported } from './failures';

/** Rotary embedding: one angle per position and pair of the head's dimensions. */
export interface Rope {
  /** Radians per position, [head size / 2]. */
  readonly frequencies: Float64Array;
  /** Factor on cos and sin. */
  readonly attentionFactor: number;
  /** The base of the frequencies, before they were changed. */
  readonly theta: number;
  readonly scaling: RopeScaling;
}

/** How the frequencies were changed for longer texts. `usual` of YaRN: with the values that its paper gives. */
export type RopeScaling =
  | { readonly type: 'default' | 'llama3' }
  | { readonly type: 'linear'; readonly factor: number }
  | { readonly type: 'yarn'; readonly factor: number; readonly original: number; readonly isUsual: boolean };

/**
 * Reads `rope_theta` and `rope_scaling` (Transformers 4) or `rope_parameters` (Transformers 5) and computes the
 * frequencies as Transformers' `modeling_rope_utils.py` does.
 * Throws a Failure for a kind that changes with the length of the input, and for a head that is rotated in part.
 */
export function readRope(config: ConfigReader, headSize: number): Rope {
  const written = nonEmpty(config.object('rope_scaling')) ?? nonEmpty(config.object('rope_parameters'));
  if (written !== undefined) refuseUnsupported(written);
  refusePartial(config);
  const parameters = written?.withDefaults({
    rope_theta: config.value('rope_theta'),
    original_max_position_embeddings: config.size('max_position_embeddings'),
  });
  const theta = parameters?.number('rope_theta') ?? config.number('rope_theta');
  const plain = plainFrequencies(theta, headSize);
  switch (parameters === undefined ? 'default' : ropeType(parameters)) {
    case 'default':
      return { frequencies: plain, attentionFactor: 1, theta, scaling: { type: 'default' } };
    case 'linear': {
      const factor = parameters!.number('factor');
      const frequencies = plain.map((frequency) => frequency / factor);
      return { frequencies, attentionFactor: 1, theta, scaling: { type: 'linear', factor } };
    }
    case 'llama3': {
      const frequencies = llama3(parameters!, originalLength(config, parameters!), plain);
      return { frequencies, attentionFactor: 1, theta, scaling: { type: 'llama3' } };
    }
    case 'yarn':
      return yarn(config, parameters!, plain, theta);
  }
}

const ropeTypes = ['default', 'linear', 'llama3', 'yarn'] as const;

function ropeType(parameters: ConfigReader): (typeof ropeTypes)[number] {
  const spelling = parameters.value('rope_type') === undefined ? 'type' : 'rope_type';
  return parameters.withDefaults({ type: 'default' }).choice(spelling, ropeTypes);
}

function nonEmpty(parameters: ConfigReader | undefined): ConfigReader | undefined {
  return parameters === undefined || Object.keys(parameters.values).length === 0 ? undefined : parameters;
}

function refuseUnsupported(parameters: ConfigReader): void {
  const nested = Object.keys(parameters.values).find((key) => parameters.object(key) !== undefined);
  if (nested !== undefined) {
    throw configValueUnsupported('rope_parameters', `${nested}: {…}`, 'one kind of rotation for all layers');
  }
  ropeType(parameters);
  refusePartial(parameters);
}

function refusePartial(parameters: ConfigReader): void {
  const share = parameters.numberOrNull('partial_rotary_factor') ?? 1;
  if (share !== 1) throw configValueUnsupported('partial_rotary_factor', String(share), '1');
}

/** θ^(−2i/d), in the single precision of the original. */
function plainFrequencies(theta: number, headSize: number): Float64Array {
  const frequency = (_: unknown, i: number): number =>
    Math.fround(1 / Math.fround(theta ** Math.fround((2 * i) / headSize)));
  return Float64Array.from({ length: headSize / 2 }, frequency);
}

/** The context length before it was extended; a value beside the rotation's own takes precedence. */
function originalLength(config: ConfigReader, parameters: ConfigReader): number {
  const key = 'original_max_position_embeddings';
  return config.sizeOrNull(key) ?? parameters.size(key);
}

/** Slow rotations are stretched by `factor`, fast ones kept, those in between interpolated (Llama 3.1). */
function llama3(parameters: ConfigReader, original: number, plain: Float64Array): Float64Array {
  const factor = parameters.number('factor');
  const low = parameters.number('low_freq_factor');
  const high = parameters.number('high_freq_factor');
  return plain.map((frequency) => {
    const turns = (original * frequency) / (2 * Math.PI);
    if (turns < low) return frequency / factor;
    if (turns > high) return frequency;
    const smooth = (turns - low) / (high - low);
    return (1 - smooth) * (frequency / factor) + smooth * frequency;
  });
}

/**
 * YaRN (arXiv 2309.00071): pairs that turn more than `beta_fast` times within the original length keep their
 * frequency, those that turn less than `beta_slow` times are stretched by `factor`, with a ramp between; cos and sin
 * grow with the logarithm of `factor`.
 */
function yarn(config: ConfigReader, parameters: ConfigReader, plain: Float64Array, theta: number): Rope {
  const size = 2 * plain.length;
  const original = originalLength(config, parameters);
  const factor = parameters.numberOrNull('factor') ?? config.size('max_position_embeddings') / original;
  const truncate = parameters.withDefaults({ truncate: true }).flag('truncate');
  const turnsAt = (turns: number): number =>
    (size * Math.log(original / (turns * 2 * Math.PI))) / (2 * Math.log(theta));
  const fast = turnsAt(nonZero(parameters, 'beta_fast') ?? 32);
  const slow = turnsAt(nonZero(parameters, 'beta_slow') ?? 1);
  const low = Math.max(truncate ? Math.floor(fast) : fast, 0);
  const high = Math.min(truncate ? Math.ceil(slow) : slow, size - 1);
  const width = low === high ? 0.001 : high - low;
  const frequencies = plain.map((frequency, i) => {
    const stretched = Math.min(Math.max((i - low) / width, 0), 1);
    return stretched * (frequency / factor) + (1 - stretched) * frequency;
  });
  const attentionFactor = yarnAttentionFactor(parameters, factor);
  const changed = ['beta_fast', 'beta_slow', 'attention_factor', 'mscale', 'mscale_all_dim'].some(
    (key) => nonZero(parameters, key) !== null,
  );
  return {
    frequencies,
    attentionFactor,
    theta,
    scaling: { type: 'yarn', factor, original, isUsual: truncate && !changed },
  };
}

function yarnAttentionFactor(parameters: ConfigReader, factor: number): number {
  const written = parameters.numberOrNull('attention_factor');
  if (written !== null) return written;
  const growth = (mscale: number): number => (factor <= 1 ? 1 : 0.1 * mscale * Math.log(factor) + 1);
  const mscale = nonZero(parameters, 'mscale');
  const allDim = nonZero(parameters, 'mscale_all_dim');
  return mscale === null || allDim === null ? growth(1) : growth(mscale) / growth(allDim);
}

/** As in the original, 0 is no value. */
function nonZero(parameters: ConfigReader, key: string): number | null {
  const value = parameters.numberOrNull(key);
  return value === 0 ? null : value;
}

/** Tables of cos and sin for the positions below `length`: two of [length, head size / 2], row-major. */
export function ropeTables(
  rope: Pick<Rope, 'frequencies' | 'attentionFactor'>,
  length: number,
): { cos: Float32Array; sin: Float32Array } {
  const half = rope.frequencies.length;
  const angle = (i: number): number => Math.floor(i / half) * Math.fround(rope.frequencies[i % half]!);
  const table = (f: (x: number) => number): Float32Array =>
    Float32Array.from({ length: length * half }, (_, i) => f(Math.fround(angle(i))) * rope.attentionFactor);
  return { cos: table(Math.cos), sin: table(Math.sin) };
}
