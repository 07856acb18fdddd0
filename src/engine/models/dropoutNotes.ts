import type { ConfigReader } from './config';

/**
 * What to tell people about dropout inside of the model: Transformers would apply it in training, this engine has only
 * the adapter's own. `keys` are the configuration's rates.
 */
export function dropoutNotes(config: ConfigReader, keys: readonly string[]): readonly string[] {
  const rates = keys.filter((key) => config.number(key) > 0).map((key) => `${key} ${config.number(key)}`);
  if (rates.length === 0) return [];
  return [
    `The model's config.json asks for dropout inside the model while it trains (${rates.join(', ')}); it is left out. Dropout of the adapter is lora_dropout in the recipe.`,
  ];
}
