import { adapterSettingInvalid, adapterSettingUnsupported, adapterTypeUnsupported } from './adapterFailures';
import type { JsonObject } from './jsonFile';
import { isJsonObject } from './jsonFile';

/** adapter_config.json: PEFT's `LoraConfig`, with the keys that every consumer of LoRA adapters knows. */
export interface AdapterConfig {
  readonly peft_type: 'LORA';
  readonly task_type: string | null;
  readonly base_model_name_or_path: string | null;
  readonly revision: string | null;
  readonly inference_mode: boolean;
  readonly r: number;
  readonly lora_alpha: number;
  readonly lora_dropout: number;
  /** A list of names, or a regular expression. */
  readonly target_modules: readonly string[] | string | null;
  readonly exclude_modules: readonly string[] | string | null;
  readonly bias: 'none' | 'all' | 'lora_only';
  readonly fan_in_fan_out: boolean;
  readonly use_rslora: boolean;
  readonly use_dora: false;
  readonly init_lora_weights: boolean | string;
  readonly layers_to_transform: readonly number[] | number | null;
  readonly layers_pattern: readonly string[] | string | null;
  readonly rank_pattern: Readonly<Record<string, number>>;
  readonly alpha_pattern: Readonly<Record<string, number>>;
  readonly modules_to_save: readonly string[] | null;
}

/** PEFT's own default of every key that may be missing. */
export const adapterConfigDefaults: AdapterConfig = {
  peft_type: 'LORA',
  task_type: null,
  base_model_name_or_path: null,
  revision: null,
  inference_mode: true,
  r: 8,
  lora_alpha: 8,
  lora_dropout: 0,
  target_modules: null,
  exclude_modules: null,
  bias: 'none',
  fan_in_fan_out: false,
  use_rslora: false,
  use_dora: false,
  init_lora_weights: true,
  layers_to_transform: null,
  layers_pattern: null,
  rank_pattern: {},
  alpha_pattern: {},
  modules_to_save: null,
};

/** Keys that say nothing about the adapter's result, or only together with another key that is refused. */
const harmlessKeys = new Set([
  'auto_mapping',
  'peft_version',
  'runtime_config',
  'megatron_core',
  'qalora_group_size',
  'loftq_config',
  'eva_config',
  'corda_config',
  'lora_ga_config',
]);

interface Rule {
  readonly accepts: (value: unknown) => boolean;
  readonly expected: string;
}

const isText = (value: unknown): boolean => typeof value === 'string';
const isTexts = (value: unknown): boolean => Array.isArray(value) && value.every(isText);
const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0;
const isPositiveCount = (value: unknown): boolean => isCount(value) && value !== 0;
const isPositive = (value: unknown): boolean => typeof value === 'number' && value > 0;
const orNull =
  (accepts: (value: unknown) => boolean) =>
  (value: unknown): boolean =>
    value === null || accepts(value);
const flag: Rule = { accepts: (value) => typeof value === 'boolean', expected: 'true or false' };
const textOrNull: Rule = { accepts: orNull(isText), expected: 'a text or null' };
const textsOrText: Rule = {
  accepts: orNull((value) => isText(value) || isTexts(value)),
  expected: 'a list of names, a text or null',
};
const pattern = (accepts: (value: unknown) => boolean, what: string): Rule => ({
  accepts: (value) => isJsonObject(value) && Object.values(value).every(accepts),
  expected: `an object of name → ${what}`,
});

const rules: Record<keyof AdapterConfig, Rule> = {
  peft_type: { accepts: (value) => value === 'LORA', expected: '"LORA"' },
  task_type: textOrNull,
  base_model_name_or_path: textOrNull,
  revision: textOrNull,
  inference_mode: flag,
  r: { accepts: isPositiveCount, expected: 'a whole number above 0' },
  lora_alpha: { accepts: isPositive, expected: 'a number above 0' },
  lora_dropout: {
    accepts: (value) => typeof value === 'number' && value >= 0 && value <= 1,
    expected: 'a number from 0 to 1',
  },
  target_modules: textsOrText,
  exclude_modules: textsOrText,
  bias: {
    accepts: (value) => value === 'none' || value === 'all' || value === 'lora_only',
    expected: '"none", "all" or "lora_only"',
  },
  fan_in_fan_out: flag,
  use_rslora: flag,
  use_dora: { accepts: (value) => value === false, expected: 'false' },
  init_lora_weights: {
    accepts: (value) => typeof value === 'boolean' || isText(value),
    expected: 'true, false or a name',
  },
  layers_to_transform: {
    accepts: orNull((value) => isCount(value) || (Array.isArray(value) && value.every(isCount))),
    expected: 'a layer number, a list of them or null',
  },
  layers_pattern: textsOrText,
  rank_pattern: pattern(isPositiveCount, 'whole number above 0'),
  alpha_pattern: pattern(isPositive, 'number above 0'),
  modules_to_save: { accepts: orNull(isTexts), expected: 'a list of names or null' },
};

/**
 * Reads the object in adapter_config.json. Missing keys get PEFT's defaults; keys that are not known here are ignored
 * when they are off (null, false, 0, empty), as newer versions of PEFT write them.
 * @throws Failure `adapter-type-unsupported`, `adapter-setting-unsupported`, `adapter-setting-invalid`
 */
export function parseAdapterConfig(object: JsonObject, file: string): AdapterConfig {
  const peftType = object['peft_type'];
  if (typeof peftType === 'string' && peftType !== 'LORA') throw adapterTypeUnsupported(file, peftType);
  for (const [key, value] of Object.entries(object)) {
    if (!Object.hasOwn(rules, key) && !harmlessKeys.has(key) && !isOff(value)) {
      throw adapterSettingUnsupported(file, key, value);
    }
  }
  if (object['use_dora'] === true) throw adapterSettingUnsupported(file, 'use_dora', true);
  const config: JsonObject = {};
  for (const key of Object.keys(rules) as (keyof AdapterConfig)[]) {
    const rule = rules[key];
    const value = object[key];
    // Old versions of PEFT wrote null where the default is meant.
    const isMissing = value === undefined || (value === null && !mustBeGiven.has(key));
    config[key] = isMissing ? adapterConfigDefaults[key] : value;
    if (!rule.accepts(config[key]) || (isMissing && mustBeGiven.has(key))) {
      throw adapterSettingInvalid(file, key, rule.expected);
    }
  }
  return config as unknown as AdapterConfig;
}

/** What PEFT always writes, and what a guess would get wrong. */
const mustBeGiven: ReadonlySet<string> = new Set(['peft_type', 'r', 'lora_alpha']);

/** The text of adapter_config.json, laid out as PEFT does: keys sorted, two spaces. Always in inference mode. */
export function adapterConfigText(config: AdapterConfig): string {
  const written: AdapterConfig = { ...config, inference_mode: true };
  const keys = (Object.keys(adapterConfigDefaults) as (keyof AdapterConfig)[]).sort();
  return `${JSON.stringify(Object.fromEntries(keys.map((key) => [key, written[key]])), null, 2)}\n`;
}

function isOff(value: unknown): boolean {
  if (Array.isArray(value)) return value.length === 0;
  if (isJsonObject(value)) return Object.keys(value).length === 0;
  return value === null || value === false || value === 0 || value === '';
}
