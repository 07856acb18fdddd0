import { CompletionItemKind } from 'vscode-languageserver-types';
import type { Suggestion } from './suggestion';

/** Recipes by what one wants, for an empty document. Everything that is left out has a good default. */
const recipes: readonly { label: string; detail: string; lines: readonly string[] }[] = [
  {
    label: 'Recipe: answer questions',
    detail: 'rows of {"prompt": …, "completion": …}, chats, or Alpaca',
    lines: [
      '{',
      '  "base_model": "${1:./models/my-model}",',
      '  "dataset": { "path": "${2:data/train.jsonl}" },',
      '  "lora": { "r": ${3:8}, "lora_alpha": ${4:16}, "target_modules": "${5:all-linear}" },',
      '  "training": { "num_train_epochs": ${6:3}, "learning_rate": ${7:2e-4} },',
      '}',
    ],
  },
  {
    label: 'Recipe: write in the style of a text',
    detail: 'a plain text file; every token is learnt',
    lines: [
      '{',
      '  "base_model": "${1:./models/my-model}",',
      '  "dataset": { "path": "${2:data/text.txt}", "format": "text" },',
      '  "lora": { "r": ${3:16}, "lora_alpha": ${4:32}, "target_modules": "${5:all-linear}" },',
      '  "training": { "num_train_epochs": ${6:1}, "learning_rate": ${7:2e-4} },',
      '}',
    ],
  },
  {
    label: 'Recipe: try it for a few steps',
    detail: 'twenty steps, to see that everything fits',
    lines: [
      '{',
      '  "base_model": "${1:./models/my-model}",',
      '  "dataset": { "path": "${2:data/train.jsonl}" },',
      '  "training": { "max_steps": ${3:20}, "per_device_train_batch_size": ${4:1} },',
      '}',
    ],
  },
  {
    label: 'Recipe: go on from an adapter',
    detail: 'new data for an adapter that exists',
    lines: [
      '{',
      '  "base_model": "${1:./models/my-model}",',
      '  "lora": { "init_from": "${2:adapters/first}" },',
      '  "dataset": { "path": "${3:data/more.jsonl}" },',
      '  "output": "${4:adapters/second}",',
      '}',
    ],
  },
];

/** Whole recipes, where nothing is written yet. */
export function recipeSnippets(): readonly Suggestion[] {
  return recipes.map(({ label, detail, lines }) => ({
    label,
    detail,
    insert: lines.join('\n'),
    kind: CompletionItemKind.Snippet,
  }));
}
