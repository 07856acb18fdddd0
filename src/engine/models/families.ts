import { ConfigReader } from './config';
import { unsupportedModelType } from './failures';
import { llama } from './llama';
import type { Model } from './model';

/** The model families, by the `model_type` of their `config.json`. */
const families: Readonly<Record<string, (config: ConfigReader) => Model>> = { llama };

export const supportedModelTypes: readonly string[] = Object.keys(families);

/** Reads a model's configuration. Throws a Failure where the family or a value is not supported. */
export function readModel(config: Readonly<Record<string, unknown>>): Model {
  const type = String(config['model_type'] ?? 'unknown');
  const family = families[type];
  if (family === undefined) throw unsupportedModelType(type, supportedModelTypes);
  return family(new ConfigReader(config));
}
