import type { Problem } from '../problem';
import type { JsonValue } from '../schema';

/** Whose settings a text holds. */
export type Tool = 'peft' | 'axolotl' | 'llama-factory' | 'trl' | 'mlx-lm' | 'python';

export const toolNames: Readonly<Record<Tool, string>> = {
  peft: "PEFT's adapter_config.json",
  axolotl: 'Axolotl',
  'llama-factory': 'LLaMA-Factory',
  trl: 'TRL',
  'mlx-lm': 'MLX-LM',
  python: 'a Python script',
};

/** One setting of the text, as people would point at it. */
export interface Mention {
  /** Dotted, such as `datasets[0].path` or `LoraConfig.r`. */
  readonly key: string;
  readonly value: JsonValue;
  /** Counted from 1. */
  readonly line: number;
}

export interface Kept extends Mention {
  /** Dotted key of the recipe. */
  readonly to: string;
  readonly written: JsonValue;
}

export interface Dropped extends Mention {
  readonly why: string;
  readonly instead?: string;
}

export interface ToFill {
  /** Dotted key of the recipe whose value only stands in for the real one. */
  readonly to: string;
  readonly why: string;
}

/** Why a text could not be read, or only in part. */
export interface SourceProblem {
  readonly line: number;
  readonly message: string;
}

export interface Conversion {
  readonly tool: Tool | undefined;
  /** Text of a recipe with comments; undefined when the text is no settings of a known tool. */
  readonly recipe: string | undefined;
  readonly kept: readonly Kept[];
  /** What has no equivalent. */
  readonly dropped: readonly Dropped[];
  /** What says only what holds here anyway, such as `bf16: false`. */
  readonly implied: readonly Mention[];
  readonly toFill: readonly ToFill[];
  readonly problems: readonly SourceProblem[];
  /** What the checks of recipes say of the result. */
  readonly checks: readonly Problem[];
}
