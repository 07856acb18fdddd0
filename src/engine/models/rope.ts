import type { ConfigReader } from './config';
import { configValueUnsupported } from './failures';

/** Rotary embedding: one angle per position and pair of the head's dimensions. */
export interface Rope {
  /** Radians per position, [head size / 2]. */
  readonly frequencies: Float64Array;
  /** Factor on cos and sin. */
  readonly attentionFactor: number;
}

/**
 * Reads `rope_theta` and `rope_scaling` (Transformers 4) or `rope_parameters` (Transformers 5) and computes the
 * frequencies as Transformers' `modeling_rope_utils.py` does.
 */
export function readRope(config: ConfigReader, headSize: number): Rope {
  const parameters = config.object('rope_parameters') ?? config.object('rope_scaling');
  const theta =
    parameters?.values['rope_theta'] === undefined
      ? config.number('rope_theta', 10000)
      : parameters.number('rope_theta');
  const type = String(parameters?.values['rope_type'] ?? parameters?.values['type'] ?? 'default');
  const plain = Float64Array.from({ length: headSize / 2 }, (_, i) => theta ** ((-2 * i) / headSize));
  if (parameters === undefined || type === 'default') return { frequencies: plain, attentionFactor: 1 };
  if (type === 'linear') {
    const factor = parameters.number('factor');
    return { frequencies: plain.map((frequency) => frequency / factor), attentionFactor: 1 };
  }
  if (type === 'llama3') return { frequencies: llama3(parameters, plain), attentionFactor: 1 };
  throw configValueUnsupported('rope_scaling', type, 'default, linear, llama3');
}

/** Slow rotations are stretched by `factor`, fast ones kept, those in between interpolated (Llama 3.1). */
function llama3(parameters: ConfigReader, plain: Float64Array): Float64Array {
  const factor = parameters.number('factor');
  const low = parameters.number('low_freq_factor');
  const high = parameters.number('high_freq_factor');
  const original = parameters.number('original_max_position_embeddings');
  return plain.map((frequency) => {
    const turns = (original * frequency) / (2 * Math.PI);
    if (turns < low) return frequency / factor;
    if (turns > high) return frequency;
    const smooth = (turns - low) / (high - low);
    return (1 - smooth) * (frequency / factor) + smooth * frequency;
  });
}

/** Tables of cos and sin for the positions below `length`: two of [length, head size / 2], row-major. */
export function ropeTables(rope: Rope, length: number): { cos: Float32Array; sin: Float32Array } {
  const half = rope.frequencies.length;
  const angle = (i: number): number => Math.floor(i / half) * Math.fround(rope.frequencies[i % half]!);
  const table = (f: (x: number) => number): Float32Array =>
    Float32Array.from({ length: length * half }, (_, i) => f(Math.fround(angle(i))) * rope.attentionFactor);
  return { cos: table(Math.cos), sin: table(Math.sin) };
}
