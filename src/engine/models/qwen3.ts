import type { ConfigReader } from './config';
import { decoder } from './decoder';
import { readDecoder, withFamilyDefaults } from './decoderConfig';
import type { Model } from './model';
import { qwenDefaults } from './qwen2';
import { readLayerWindows } from './slidingWindows';

/** Qwen3: LLaMA with a norm of each query and key head, and heads of a size of their own. */
export function qwen3(written: ConfigReader): Model {
  const config = withFamilyDefaults(written, { ...qwenDefaults, head_dim: 128 });
  const shape = readDecoder(config, 'qwen3');
  const attentionBias = config.flag('attention_bias');
  return decoder({
    ...shape,
    headNorm: true,
    qkvBias: attentionBias,
    outputBias: attentionBias,
    windows: readLayerWindows(config, shape.layers),
  });
}
