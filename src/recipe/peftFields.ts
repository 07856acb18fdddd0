import fieldsFile from '../../schemas/peft-fields.json';
import type { JsonValue } from './schema';

/**
 * What a recipe says to one field of PEFT's, Transformers' or TRL's classes: either which of its keys is the same thing,
 * or why there is none and what to do.
 */
export interface PeftField {
  /** Dotted key of the recipe, such as `lora.r`. */
  readonly key?: string;
  /** Why a recipe has no such key. */
  readonly why?: string;
  readonly instead?: string;
  /** Values with which the field says what holds here anyway, so that nothing is lost without it. */
  readonly harmless?: readonly JsonValue[];
}

export type PeftFields = Readonly<Record<string, PeftField>>;

/**
 * Every field of the classes as the versions in test/parity/requirements.txt have them (`npm run parity` compares), and in
 * `former` those of earlier versions that are still seen.
 */
export const peftFields = fieldsFile as unknown as Readonly<
  Record<'LoraConfig' | 'TrainingArguments' | 'SFTConfig' | 'ModelConfig' | 'ScriptArguments' | 'former', PeftFields>
>;

/** The first class that has the field; the classes share a name only where it means the same. */
export function peftField(name: string): PeftField | undefined {
  return Object.values(peftFields).find((fields) => Object.hasOwn(fields, name))?.[name];
}
