import { CompletionItemKind } from 'vscode-languageserver-types';
import type { FoundPath, Sources } from '../knowledge';
import type { RecipeDocument } from '../recipeDocument';
import { escapeSnippet, plainText, type Suggestion } from './suggestion';

/** Places of a snippet that name something of the workspace. */
interface Named {
  readonly model: string;
  readonly dataset: string;
  readonly adapter: string;
}

interface RecipeSnippet {
  readonly label: string;
  readonly detail: string;
  readonly lines: (named: Named) => readonly string[];
}

/** Recipes by what one wants, for an empty document. Everything that is left out has a good default. */
const recipes: readonly RecipeSnippet[] = [
  {
    label: 'Recipe: answer questions',
    detail: 'From prompts with completions, chats, or Alpaca rows.',
    lines: ({ model, dataset }) => [
      '{',
      `  "base_model": ${model},`,
      `  "dataset": { "path": ${dataset} },`,
      '  "lora": { "r": ${3:8}, "lora_alpha": ${4:16}, "target_modules": "${5:all-linear}" },',
      '  "training": { "num_train_epochs": ${6:3}, "learning_rate": ${7:2e-4} },',
      '}',
    ],
  },
  {
    label: 'Recipe: write in the style of a text',
    detail: 'From a plain text file: every token is learnt.',
    lines: ({ model }) => [
      '{',
      `  "base_model": ${model},`,
      '  "dataset": { "path": "${2:./text.txt}", "format": "text" },',
      '  "lora": { "r": ${3:16}, "lora_alpha": ${4:32}, "target_modules": "${5:all-linear}" },',
      '  "training": { "num_train_epochs": ${6:1}, "learning_rate": ${7:2e-4} },',
      '}',
    ],
  },
  {
    label: 'Recipe: try it for a few steps',
    detail: 'Twenty steps, to see that everything fits.',
    lines: ({ model, dataset }) => [
      '{',
      `  "base_model": ${model},`,
      `  "dataset": { "path": ${dataset} },`,
      '  "training": { "max_steps": ${3:20}, "per_device_train_batch_size": ${4:1} },',
      '}',
    ],
  },
  {
    label: 'Recipe: go on from an adapter',
    detail: 'New data for an adapter that exists.',
    lines: ({ model, dataset, adapter }) => [
      '{',
      `  "base_model": ${model},`,
      `  "dataset": { "path": ${dataset} },`,
      `  "lora": { "init_from": ${adapter} },`,
      '  "output": "${4:adapters/second}",',
      '}',
    ],
  },
];

/** Whole recipes, where nothing is written yet: with the model and the dataset that lie here. */
export async function recipeSnippets(document: RecipeDocument, sources: Sources): Promise<readonly Suggestion[]> {
  const [models, datasets, adapters] = await Promise.all([
    sources.baseModels(document),
    sources.datasets(document),
    sources.adapters(document),
  ]);
  const named = {
    model: placeFor(1, models, './models/my-model'),
    dataset: placeFor(2, datasets, './train.jsonl'),
    adapter: placeFor(3, adapters, './adapters/first'),
  };
  return recipes.map(({ label, detail, lines }) => {
    const insert = lines(named).join('\n');
    const documentation = `\`\`\`jsonc\n${plainText(insert)}\n\`\`\``;
    return { label, detail, insert, documentation, kind: CompletionItemKind.Snippet };
  });
}

const mostChoices = 10;

/** The one that was found, a choice of several, or an example to overwrite; with its quotes. */
function placeFor(at: number, found: readonly FoundPath[], example: string): string {
  const texts = found.slice(0, mostChoices).map(({ text }) => JSON.stringify(text).slice(1, -1));
  if (texts.length < 2) return `"\${${at}:${escapeSnippet(texts[0] ?? example)}}"`;
  return `"\${${at}|${texts.map((text) => text.replaceAll(/[\\$},|]/g, '\\$&')).join(',')}|}"`;
}
