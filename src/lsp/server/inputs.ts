import type { RecipeDraft } from '../../recipe/draft';
import type { QuestionName } from './questions';

/** The parts of a recipe that the answer to a question depends on: while they are the same, it is. */
const inputsOf: Readonly<Record<QuestionName, (draft: RecipeDraft) => unknown>> = {
  model: ({ base_model: model }) => model,
  data: ({ dataset }) => [dataset?.path, ...rowInputs(dataset)],
  evalData: ({ dataset }) => [dataset?.eval_path, ...rowInputs(dataset)],
  tokens: (draft) => tokenInputs(draft),
  evalTokens: (draft) => tokenInputs(draft),
  patterns: ({ base_model: model, lora }) => [
    model,
    lora?.target_modules,
    lora?.exclude_modules,
    lora?.rank_pattern,
    lora?.alpha_pattern,
  ],
  start: ({ lora }) => lora?.init_from,
  machine: () => null,
  places: ({ name, base_model: model, dataset, lora, output }) => [
    ...[name, model, dataset?.path, dataset?.eval_path],
    ...[lora?.init_from, output],
  ],
  cost: (draft) => draft,
  adapter: ({ base_model: model, method, lora }) => [model, method, lora],
  plan: (draft) => draft,
  surveyed: () => null,
};

function rowInputs(dataset: RecipeDraft['dataset']): readonly unknown[] {
  return [dataset?.format, dataset?.columns, dataset?.template];
}

function tokenInputs({ base_model: model, dataset }: RecipeDraft): unknown {
  return [model, dataset];
}

/** Equal for two recipes of which the answer to this question is the same. */
export function inputKey(name: QuestionName, draft: RecipeDraft): string {
  return JSON.stringify([inputsOf[name](draft)]);
}

/** Nothing can be asked before the recipe names what it is about. */
export function canBeAsked(name: QuestionName, { base_model: model, dataset, lora }: RecipeDraft): boolean {
  switch (name) {
    case 'model':
    case 'adapter':
    case 'patterns':
      return model !== undefined;
    case 'data':
      return dataset?.path !== undefined;
    case 'evalData':
      return typeof dataset?.eval_path === 'string';
    case 'start':
      return typeof lora?.init_from === 'string';
    case 'tokens':
    case 'evalTokens':
    case 'cost':
    case 'plan':
      return model !== undefined && dataset?.path !== undefined;
    case 'machine':
    case 'places':
    case 'surveyed':
      return true;
  }
}
