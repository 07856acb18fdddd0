import { existsSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline/promises';
import { writeFileAtomically } from '../../engine/formats/atomicFile';
import { printJson, type Command, type CommandContext, type CommandInput } from '../command';
import { fileExists, wrongUsage } from '../failures';
import { shortPath } from '../loadRecipe';
import { starterRecipe } from '../../recipe/starterRecipe';

export const initCommand: Command = {
  name: 'init',
  summary: 'Write a new recipe with comments to start from',
  arguments: [{ name: 'FILE', isRequired: false }],
  options: {
    'base-model': { type: 'text', value: 'M', description: 'The model to fine-tune; asked for on a terminal.' },
    dataset: { type: 'text', value: 'FILE', description: 'The examples to learn from; asked for on a terminal.' },
  },
  stopsWhenAsked: false,
  async run(input, context) {
    const file = path.resolve(context.cwd, recipeName(input.positionals[0] ?? 'adapter'));
    if (existsSync(file)) throw fileExists(file);
    const answers = await askForMissing(input, context);
    if (answers === undefined) return 130;
    const baseModel = isPath(answers.baseModel, context)
      ? fromRecipe(answers.baseModel, file, context)
      : answers.baseModel;
    const recipe = starterRecipe(baseModel, fromRecipe(answers.dataset, file, context), 'command line');
    await writeFileAtomically(file, recipe);
    const shown = shortPath(file, context.cwd);
    if (context.isJson) printJson(context, { file });
    context.words.line(`Wrote ${shown}. Next: \`lora check ${shown}\`, then \`lora train ${shown}\`.`);
    return 0;
  },
};

/** `support-bot` becomes `support-bot.lora.json`. */
function recipeName(file: string): string {
  return /\.jsonc?$/i.test(file) ? file : `${file}.lora.json`;
}

interface Answers {
  readonly baseModel: string;
  readonly dataset: string;
}

/**
 * What the options do not say; undefined when the user left with Ctrl-C or Ctrl-D.
 * @throws Failure `wrong-usage` where nobody can be asked
 */
async function askForMissing(input: CommandInput, context: CommandContext): Promise<Answers | undefined> {
  const baseModel = input.text('base-model');
  const dataset = input.text('dataset');
  if (baseModel !== undefined && dataset !== undefined) return { baseModel, dataset };
  if (!context.isInteractive) {
    throw wrongUsage('Without a terminal to ask on, `lora init` needs --base-model M and --dataset FILE.');
  }
  const asker = createInterface({ input: process.stdin, output: process.stderr });
  const left = new AbortController();
  asker.once('close', () => left.abort());
  const ask = async (question: string): Promise<string> => {
    const answer = (await asker.question(`${question}: `, { signal: left.signal })).trim();
    return answer === '' ? ask(question) : answer;
  };
  try {
    return {
      baseModel: baseModel ?? (await ask('Which model should be fine-tuned? (a model folder or a hub id)')),
      dataset: dataset ?? (await ask('Which file holds the examples to learn from? (such as data/train.jsonl)')),
    };
  } catch (error) {
    if (left.signal.aborted) return undefined;
    throw error;
  } finally {
    asker.close();
  }
}

/** Whether a base model is meant as a path, not as a hub id. */
function isPath(typed: string, { cwd }: CommandContext): boolean {
  return /^\.{1,2}[/\\]/.test(typed) || existsSync(path.resolve(cwd, typed));
}

/** A path is typed from the current folder and stored from the recipe's, so that both can be moved together. */
function fromRecipe(typed: string, recipeFile: string, { cwd }: CommandContext): string {
  if (path.isAbsolute(typed)) return typed;
  const relative = path.relative(path.dirname(recipeFile), path.resolve(cwd, typed)).replaceAll(path.sep, '/');
  return relative.startsWith('.') || path.isAbsolute(relative) ? relative : `./${relative}`;
}
