import { recipeSchema } from './schema';
import type { JsonValue } from './schema';

/** A value for one key of a recipe, and why. */
export interface ProposedValue {
  /** Dotted, in a section: `lora.r`. */
  readonly key: string;
  readonly value: JsonValue;
  /** A short sentence. */
  readonly reason: string;
}

export interface StarterRecipe {
  /** As the recipe says it: a path from its folder, or a hub id. */
  readonly baseModel: string;
  /** As the recipe says it. */
  readonly dataset: string;
  /** Role → column of the dataset. */
  readonly columns?: Readonly<Record<string, string>>;
  /** Without a proposal the recipe shows the keys that a beginner may want to change, at their defaults. */
  readonly proposed?: {
    /** What was proposed from, and what it comes to, in sentences. */
    readonly summary: string;
    readonly values: readonly ProposedValue[];
  };
  readonly readIn: keyof typeof introductions;
}

/** The keys that a beginner may want to change, with the values that the recipe would have without them. */
const shown: readonly string[] = [
  'lora.r',
  'lora.lora_alpha',
  'training.num_train_epochs',
  'training.learning_rate',
  'training.per_device_train_batch_size',
];

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

/** The text of a new recipe: commented by the schema's own descriptions and the reasons of what is proposed. */
export function starterRecipe(recipe: StarterRecipe): string {
  const { baseModel, dataset, columns = {}, proposed, readIn } = recipe;
  const values = proposed?.values ?? [];
  const inside = valueLines('dataset', values);
  const engine = valueLines('engine', values);
  const mapped =
    Object.keys(columns).length === 0
      ? []
      : ['', ...comment('    ', describe('dataset', 'columns'), 1), keyLine('columns', columns)];
  const named = `"path": ${JSON.stringify(dataset)}`;
  return [
    ...introductions[readIn],
    ...(proposed === undefined ? [] : ['//', ...wrapped('', proposed.summary)]),
    '{',
    ...comment('  ', describe('base_model'), 1),
    `  "base_model": ${JSON.stringify(baseModel)},`,
    '',
    ...comment('  ', describe('dataset', 'path'), 2),
    ...(inside.length === 0 && mapped.length === 0
      ? [`  "dataset": { ${named} },`]
      : ['  "dataset": {', `    ${named},`, ...mapped, ...inside, '  },']),
    ...section('lora', proposed === undefined ? defaultLines('lora') : valueLines('lora', values).slice(1)),
    ...section('training', proposed === undefined ? defaultLines('training') : valueLines('training', values).slice(1)),
    ...(engine.length === 0 ? [] : section('engine', engine.slice(1))),
    '}',
    '',
  ].join('\n');
}

function section(name: string, lines: readonly string[]): readonly string[] {
  return ['', ...comment('  ', describe(name), 1), `  ${JSON.stringify(name)}: {`, ...lines, '  },'];
}

function defaultLines(name: string): readonly string[] {
  return keysOf(name, shown).flatMap((key) => [
    ...comment('    ', describe(name, key), 2),
    keyLine(key, recipeSchema.properties?.[name]?.properties?.[key]?.default),
  ]);
}

/** Of each value, after an empty line: what the key does in one sentence, why it has this value, and the value. */
function valueLines(name: string, values: readonly ProposedValue[]): readonly string[] {
  return values
    .filter(({ key }) => key.startsWith(`${name}.`))
    .flatMap(({ key, value, reason }) => {
      const inner = key.slice(name.length + 1);
      return [
        '',
        ...wrapped('    ', inOneLine(describe(name, inner))),
        ...wrapped('    ', `→ ${reason}`),
        keyLine(inner, value),
      ];
    });
}

function keysOf(name: string, dotted: readonly string[]): readonly string[] {
  return dotted.filter((key) => key.startsWith(`${name}.`)).map((key) => key.slice(name.length + 1));
}

function keyLine(key: string, value: JsonValue | undefined): string {
  const text = JSON.stringify(value, null, 1).replace(/\n\s*/g, ' ');
  return `    ${JSON.stringify(key)}: ${text},`;
}

function describe(key: string, inner?: string): string {
  const property = recipeSchema.properties?.[key];
  return (inner === undefined ? property : property?.properties?.[inner])?.description ?? '';
}

const widest = 96;

/** The first sentence of a description, up to a point where it may end if it is longer than a line. */
function inOneLine(description: string): string {
  const sentence = description.split(/(?<=\.) /)[0] ?? '';
  const room = widest - '    // '.length;
  if (sentence.length <= room) return sentence;
  for (const end of [': ', ' (', '; ', ', ']) {
    const at = sentence.indexOf(end);
    // What is left must say something: not the first word alone.
    if (at > 20 && at < room) return `${sentence.slice(0, at)}.`;
  }
  return sentence;
}

/** The first few sentences of a description as comment lines. */
function comment(indent: string, text: string, sentences: number): readonly string[] {
  const first = text.split(/(?<=\.) /).slice(0, sentences);
  return wrapped(indent, first.join(' '));
}

/** Comment lines of at most `widest` characters. */
function wrapped(indent: string, text: string): readonly string[] {
  const start = `${indent}//`;
  const lines: string[] = [];
  let line = start;
  for (const word of text.split(' ')) {
    if (line.length + 1 + word.length > widest) {
      lines.push(line);
      line = start;
    }
    line += ` ${word}`;
  }
  return [...lines, line];
}
