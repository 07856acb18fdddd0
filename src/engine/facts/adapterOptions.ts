import type { AdapterConfig } from '../formats/adapterConfig';
import type { InitLoraWeights, LoraOptions } from '../lora/adapter';
import { accepted, patternValues } from './recipeOptions';

/** The options by which the adapter of a folder finds its modules again. */
export function loraOptionsOf(config: AdapterConfig): LoraOptions {
  const names = (value: readonly string[] | string | null, key: string) =>
    typeof value === 'string' ? { pattern: value, regex: accepted(value, key) } : (value ?? []);
  const { target_modules: targets } = config;
  return {
    r: config.r,
    loraAlpha: config.lora_alpha,
    loraDropout: config.lora_dropout,
    targetModules: targets === null ? undefined : targets === 'all-linear' ? targets : names(targets, 'target_modules'),
    excludeModules: names(config.exclude_modules, 'exclude_modules'),
    bias: config.bias,
    useRslora: config.use_rslora,
    rankPattern: patternValues(config.rank_pattern, 'rank_pattern'),
    alphaPattern: patternValues(config.alpha_pattern, 'alpha_pattern'),
    layersToTransform: config.layers_to_transform,
    ...(config.layers_pattern === null ? {} : { layersPattern: config.layers_pattern }),
    modulesToSave: config.modules_to_save ?? [],
    initLoraWeights: config.init_lora_weights as InitLoraWeights,
  };
}
