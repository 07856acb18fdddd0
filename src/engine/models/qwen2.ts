import type { ConfigReader } from './config';
import { decoder } from './decoder';
import { readDecoder, withFamilyDefaults } from './decoderConfig';
import type { Model } from './model';
import { readLayerWindows } from './slidingWindows';

/** What Qwen2 and Qwen3 share. */
export const qwenDefaults = {
  vocab_size: 151936,
  intermediate_size: 22016,
  num_key_value_heads: 32,
  max_position_embeddings: 32768,
  use_sliding_window: false,
  sliding_window: 4096,
  max_window_layers: 28,
};

/** Qwen2 and Qwen2.5: LLaMA with biases of q, k and v. */
export function qwen2(written: ConfigReader): Model {
  const config = withFamilyDefaults(written, qwenDefaults);
  const shape = readDecoder(config, 'qwen2');
  return decoder({ ...shape, qkvBias: true, windows: readLayerWindows(config, shape.layers) });
}
