import { textOf } from './source';
import { peftFields, type PeftField } from '../peftFields';
import type { JsonValue } from '../schema';
import type { Rule, Rules } from './translation';

/** Takes the value over as it is. */
export function as(to: string, note?: string): Rule {
  return (setting, translation) => translation.keep(setting, to, setting.value, note);
}

/** Has no equivalent, unless the value is one with which nothing is lost. */
export function without(why: string, instead?: string, ...harmless: readonly JsonValue[]): Rule {
  return (setting, translation) => {
    if (isOneOf(setting.value, harmless)) translation.imply(setting);
    else translation.drop(setting, why, instead);
  };
}

/** Says nothing that a recipe would have to say. */
export const implied: Rule = (setting, translation) => translation.imply(setting);

export function isOneOf(value: JsonValue, values: readonly JsonValue[]): boolean {
  return values.some((other) => JSON.stringify(other) === JSON.stringify(value));
}

function fieldRule({ key, why, instead, harmless }: PeftField): Rule {
  return key === undefined ? without(why ?? '', instead, ...(harmless ?? [])) : as(key);
}

/** One rule for every field of these classes. */
export function fieldRules(...classes: readonly (keyof typeof peftFields)[]): Rules {
  return Object.fromEntries(
    classes.flatMap((name) => Object.entries(peftFields[name]).map(([field, answer]) => [field, fieldRule(answer)])),
  );
}

/** The same rules under names with a prefix. */
export function prefixed(prefix: string, rules: Rules): Rules {
  return Object.fromEntries(Object.entries(rules).map(([name, rule]) => [`${prefix}${name}`, rule]));
}

/** Schedules that a recipe has, and for the others the nearest. */
const schedules: Readonly<Record<string, { readonly nearest: string; readonly isSame?: true }>> = {
  linear: { nearest: 'linear', isSame: true },
  cosine: { nearest: 'cosine', isSame: true },
  constant: { nearest: 'constant', isSame: true },
  constant_with_warmup: { nearest: 'constant_with_warmup', isSame: true },
  // Without further settings it restarts once, at the beginning.
  cosine_with_restarts: { nearest: 'cosine', isSame: true },
  cosine_with_min_lr: { nearest: 'cosine' },
  cosine_warmup_with_min_lr: { nearest: 'cosine' },
  polynomial: { nearest: 'linear' },
  inverse_sqrt: { nearest: 'cosine' },
  warmup_stable_decay: { nearest: 'constant_with_warmup' },
  reduce_lr_on_plateau: { nearest: 'constant' },
  greedy: { nearest: 'constant' },
  one_cycle: { nearest: 'cosine' },
  rex: { nearest: 'linear' },
  // MLX's names.
  cosine_decay: { nearest: 'cosine', isSame: true },
  linear_schedule: { nearest: 'linear', isSame: true },
  exponential_decay: { nearest: 'cosine' },
  step_decay: { nearest: 'cosine' },
};

export const schedule: Rule = (setting, translation) => {
  const name = textOf(setting.value).toLowerCase();
  const known = Object.hasOwn(schedules, name) ? schedules[name] : undefined;
  const to = 'training.lr_scheduler_type';
  if (known?.isSame === true) {
    translation.keep(setting, to, known.nearest, known.nearest === name ? undefined : `"${name}"`);
    return;
  }
  const nearest = known?.nearest ?? 'cosine';
  translation.assume(to, nearest, `the nearest to "${name}"`);
  translation.drop(setting, `There is no schedule "${name}".`, `"${nearest}" is written in its place.`);
};

/** A step count, which some tools also take as a share of all steps. */
export function steps(to: string): Rule {
  return (setting, translation) => {
    const value = Number(setting.value);
    if (value > 0 && value < 1) {
      translation.drop(
        setting,
        'A share of all steps cannot be given.',
        `Write \`${to}\` as a number of steps; \`lora plan\` says how many there are.`,
      );
    } else translation.keep(setting, to);
  };
}

/** `warmup_steps` below 1 is a share since Transformers 5. */
export const warmupSteps: Rule = (setting, translation) => {
  const value = Number(setting.value);
  translation.keep(setting, value > 0 && value < 1 ? 'training.warmup_ratio' : 'training.warmup_steps');
};

/** A share of the rows; some tools also take a number of rows. */
export const evaluationShare: Rule = (setting, translation) => {
  if (Number(setting.value) >= 1) {
    translation.drop(
      setting,
      'A number of rows cannot be set aside, only a share.',
      'Write `dataset.eval_split` as a share, such as 0.05.',
    );
  } else translation.keep(setting, 'dataset.eval_split');
};

/** Names of modules as a list, or with commas where a tool writes them so; one word of its own means all linear layers. */
export function targets(all: string, separator?: ','): Rule {
  return (setting, translation) => {
    const { value } = setting;
    const words = separator !== undefined && typeof value === 'string' ? value.split(separator) : value;
    const names = Array.isArray(words) ? (words as readonly JsonValue[]).map((name) => textOf(name).trim()) : words;
    const isAll = names === all || (Array.isArray(names) && names.length === 1 && names[0] === all);
    translation.keep(setting, 'lora.target_modules', isAll ? 'all-linear' : names);
  };
}

/** `load_in_4bit` and `load_in_8bit`. Of the two kinds of 4 bits that bitsandbytes has, QLoRA's is built. */
export function quantized(bits: 4 | 8): Rule {
  return (setting, translation) => {
    if (setting.value === true) translation.keep(setting, 'engine.quantization', bits === 4 ? 'nf4' : 'int8');
    else translation.imply(setting);
  };
}

/** A switch that says the opposite of the recipe's. */
export function opposite(to: string): Rule {
  return (setting, translation) => translation.keep(setting, to, setting.value !== true);
}

export const experimentService: readonly [string, undefined] = [
  'No outside service is told about a run: `lora runs` and the dashboard show it.',
  undefined,
];

export const severalDevices: readonly [string, undefined] = [
  'One process trains on this machine; there is no training over several devices.',
  undefined,
];
