import { recipeSchema } from './schema';

/** The keys that a beginner may want to change, with the values that the recipe would have without them. */
const shown = {
  lora: ['r', 'lora_alpha'],
  training: ['num_train_epochs', 'learning_rate', 'per_device_train_batch_size'],
} as const;

/** What to do with a new recipe, said in its first lines. */
const introductions = {
  'command line': [
    '// A LoRA recipe. `lora check` finds mistakes in it, `lora plan` says what it costs, `lora train` runs it.',
    '// docs/recipe.md explains every other key and its default.',
  ],
  editor: [
    '// A LoRA recipe: the triangle above, Train Adapter, runs it.',
    '// Point at a key to read what it does; Ctrl+Space offers the others.',
  ],
} as const;

/** The text of a new recipe: commented by the schema's own descriptions, everything but the two paths at its default. */
export function starterRecipe(baseModel: string, dataset: string, readIn: keyof typeof introductions): string {
  return [
    ...introductions[readIn],
    '{',
    ...comment('  ', describe('base_model'), 1),
    `  "base_model": ${JSON.stringify(baseModel)},`,
    '',
    ...comment('  ', describe('dataset', 'path'), 2),
    `  "dataset": { "path": ${JSON.stringify(dataset)} },`,
    ...sectionLines('lora'),
    ...sectionLines('training'),
    '}',
    '',
  ].join('\n');
}

function sectionLines(name: keyof typeof shown): readonly string[] {
  const keys = shown[name].flatMap((key) => [
    ...comment('    ', describe(name, key), 2),
    `    ${JSON.stringify(key)}: ${JSON.stringify(recipeSchema.properties?.[name]?.properties?.[key]?.default)},`,
  ]);
  return ['', ...comment('  ', describe(name), 1), `  ${JSON.stringify(name)}: {`, ...keys, '  },'];
}

function describe(key: string, inner?: string): string {
  const property = recipeSchema.properties?.[key];
  return (inner === undefined ? property : property?.properties?.[inner])?.description ?? '';
}

/** The first few sentences as comment lines of at most 100 characters. */
function comment(indent: string, text: string, sentences: number): readonly string[] {
  const start = `${indent}//`;
  const lines: string[] = [];
  let line = start;
  for (const word of text
    .split(/(?<=\.) /)
    .slice(0, sentences)
    .join(' ')
    .split(' ')) {
    if (line.length + 1 + word.length > 100) {
      lines.push(line);
      line = start;
    }
    line += ` ${word}`;
  }
  return [...lines, line];
}
