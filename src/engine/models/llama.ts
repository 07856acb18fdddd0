import type { ConfigReader } from './config';
import { decoder } from './decoder';
import { readDecoder, withFamilyDefaults } from './decoderConfig';
import type { Model } from './model';

/** LLaMA 1 to 3.x, SmolLM, TinyLlama and all others that call themselves `llama`. */
export function llama(written: ConfigReader): Model {
  const config = withFamilyDefaults(written);
  const attentionBias = config.flag('attention_bias');
  return decoder({
    ...readDecoder(config, 'llama'),
    qkvBias: attentionBias,
    outputBias: attentionBias,
    mlpBias: config.flag('mlp_bias'),
  });
}
