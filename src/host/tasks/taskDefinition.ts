import type { TrainRequest } from '../engine/engineClient';

export const taskType = 'lora';

/** What `tasks.json` says of a task of type `lora`; package.json describes it to the editor. */
export interface LoraTaskDefinition {
  readonly type: 'lora';
  /** From the workspace's folder on, or absolute. */
  readonly recipe: string;
  /** Run id, or `latest`. */
  readonly resume?: string;
  /** `KEY=VALUE`, as after `lora train --set`. */
  readonly set?: readonly string[];
}

/** A definition as a person may have written it; a sentence where it is none. */
export function readDefinition(value: Readonly<Record<string, unknown>>): LoraTaskDefinition | string {
  const { recipe, resume, set } = value;
  if (typeof recipe !== 'string' || recipe === '') return 'A task of type "lora" needs "recipe", the path of a recipe.';
  if (resume !== undefined && typeof resume !== 'string') return '"resume" is the id of a run, or "latest".';
  if (set !== undefined && !isTexts(set)) return '"set" is a list such as ["training.max_steps=10"].';
  return { type: 'lora', recipe, ...(resume === undefined ? {} : { resume }), ...(set === undefined ? {} : { set }) };
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}

/** `recipeFile` is where `definition.recipe` lies. */
export function requestOf({ resume, set }: LoraTaskDefinition, recipeFile: string): TrainRequest {
  return {
    recipeFile,
    ...(resume === undefined ? {} : { resume }),
    ...(set === undefined ? {} : { overrides: set }),
  };
}
