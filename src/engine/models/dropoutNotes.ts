import type { ConfigReader } from './config';

/**
 * What to tell people about dropout inside of the model: Transformers would apply it in training, this engine has only
 * the adapter's own. `keys` are the configuration's rates.
 */
export function dropoutNotes(config: ConfigReader, keys: readonly string[]): readonly string[] {
  const rates = keys.flatMap((key) => {
    const rate = config.numberOrNull(key) ?? 0;
    return rate > 0 ? [`${key} ${rate}`] : [];
  });
  if (rates.length === 0) return [];
  return [
    `The model's config.json asks for dropout inside the model while it trains (${rates.join(', ')}), which is left out here. The adapter's own dropout is lora_dropout in the recipe.`,
  ];
}
