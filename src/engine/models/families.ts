import type { ConfigValues } from './config';
import { ConfigReader } from './config';
import {
  configValueMissing,
  configValueUnsupported,
  encoderDecoderUnsupported,
  quantizedUnsupported,
  unsupportedModelType,
} from './failures';
import { gpt2 } from './gpt2';
import { llama } from './llama';
import { mistral } from './mistral';
import type { Model } from './model';
import { qwen2 } from './qwen2';
import { qwen3 } from './qwen3';

/** The model families, by the `model_type` of their `config.json`. */
const families = { llama, mistral, qwen2, qwen3, gpt2 } satisfies Record<string, (config: ConfigReader) => Model>;

export const supportedModelTypes: readonly string[] = Object.keys(families);

/** Reads a model's configuration. Throws a Failure where the family or a value is not supported. */
export function readModel(values: ConfigValues): Model {
  const config = new ConfigReader(values);
  const type = config.value('model_type');
  if (typeof type !== 'string') throw configValueMissing('model_type', `one of ${supportedModelTypes.join(', ')}`);
  if (values['is_encoder_decoder'] === true) throw encoderDecoderUnsupported(type, supportedModelTypes);
  if (!Object.hasOwn(families, type)) throw unsupportedModelType(type, supportedModelTypes);
  const quantization = config.object('quantization_config');
  if (quantization !== undefined)
    throw quantizedUnsupported(quantization.withDefaults({ quant_method: 'it does not say how' }).text('quant_method'));
  if (config.object('per_layer_config') !== undefined) {
    throw configValueUnsupported('per_layer_config', '{…}', 'layers that are all alike');
  }
  return families[type as keyof typeof families](config);
}
