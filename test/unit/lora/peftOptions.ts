import type { LoraOptions, ModulePattern, PatternValue } from '../../../src/engine/lora/adapter';
import type { TranslatedPattern } from '../../../src/recipe/pythonRegex';
import { translatePatternKey, translatePythonPattern } from '../../../src/recipe/pythonRegex';
import type { PeftOptions } from './models';
import { options } from './models';

/** PEFT's options as the LoRA room takes them. */
export function fromPeft(peft: PeftOptions): LoraOptions {
  const { target_modules: targets, exclude_modules: excluded = [] } = peft;
  return options({
    r: peft.r,
    loraAlpha: peft.lora_alpha,
    targetModules: targets === 'all-linear' ? targets : typeof targets === 'string' ? pattern(targets) : targets,
    excludeModules: typeof excluded === 'string' ? pattern(excluded) : excluded,
    bias: peft.bias ?? 'none',
    useRslora: peft.use_rslora ?? false,
    rankPattern: patternValues(peft.rank_pattern ?? {}),
    alphaPattern: patternValues(peft.alpha_pattern ?? {}),
    layersToTransform: peft.layers_to_transform ?? null,
    ...(peft.layers_pattern === undefined ? {} : { layersPattern: peft.layers_pattern }),
    modulesToSave: peft.modules_to_save ?? [],
  });
}

export function pattern(source: string): ModulePattern {
  return { pattern: source, regex: regexOf(translatePythonPattern(source)) };
}

export function patternValues(values: Readonly<Record<string, number>>): PatternValue[] {
  return Object.entries(values).map(([key, value]) => ({
    pattern: key,
    regex: regexOf(translatePatternKey(key)),
    value,
  }));
}

function regexOf(translated: TranslatedPattern): RegExp {
  if ('refusal' in translated) throw new Error(translated.refusal.message);
  return translated.regex;
}
