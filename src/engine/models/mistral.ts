import type { ConfigReader } from './config';
import { decoder } from './decoder';
import { readDecoder, withFamilyDefaults } from './decoderConfig';
import type { Model } from './model';

const defaults = {
  intermediate_size: 14336,
  num_key_value_heads: 8,
  max_position_embeddings: 131072,
  sliding_window: 4096,
};

/** Mistral: LLaMA with a sliding window in every layer, or none where `sliding_window` is null. */
export function mistral(written: ConfigReader): Model {
  const config = withFamilyDefaults(written, defaults);
  const shape = readDecoder(config, 'mistral');
  const window = config.sizeOrNull('sliding_window');
  return decoder({ ...shape, windows: shape.windows.map(() => window) });
}
