import { existsSync } from 'node:fs';
import path from 'node:path';
import { writeFileAtomically } from '../../engine/formats/atomicFile';
import { Failure } from '../../failure/failure';
import { starterRecipe } from '../../recipe/starterRecipe';
import type { Proposal } from '../../run/proposal';
import { proposalSummary } from '../../run/proposalText';
import { printJson, type Command, type CommandContext, type CommandInput } from '../command';
import { columnOptions, givenColumns } from '../columnOptions';
import { columnsNeeded, fileExists } from '../failures';
import { askForIngredients, type Ingredients } from '../initQuestions';
import { shortPath } from '../loadRecipe';
import { fromOption, initFrom } from './initFrom';

export const initCommand: Command = {
  name: 'init',
  summary: 'Write a new recipe with values that suit model, data and machine',
  arguments: [{ name: 'FILE', isRequired: false }],
  options: {
    ...fromOption,
    'base-model': { type: 'text', value: 'M', description: 'The model to fine-tune; asked for on a terminal.' },
    dataset: { type: 'text', value: 'FILE', description: 'The examples to learn from; asked for on a terminal.' },
    ...columnOptions,
  },
  notes: ['Model and data are looked at, not changed; of a large dataset a sample is read.'],
  stopsWhenAsked: false,
  async run(input, context) {
    const [named] = input.positionals;
    const settings = input.text('from');
    if (settings !== undefined) return initFrom(settings, named && recipeName(named), context);
    const file = path.resolve(context.cwd, recipeName(named ?? 'adapter'));
    if (existsSync(file)) throw fileExists(file);
    const ingredients = await askForIngredients(given(input), context);
    if (ingredients === undefined) return 130;
    const baseModel = isPath(ingredients.baseModel, context)
      ? fromRecipe(ingredients.baseModel, file, context)
      : ingredients.baseModel;
    const dataset = fromRecipe(ingredients.dataset, file, context);
    const parts = { recipeFile: file, baseModel, dataset, columns: ingredients.columns };
    const proposal = await propose(parts, context);
    const proposed =
      proposal === undefined ? {} : { proposed: { summary: proposalSummary(proposal), values: proposal.values } };
    await writeFileAtomically(file, starterRecipe({ ...parts, ...proposed, readIn: 'command line' }));
    report(file, proposal, context);
    return 0;
  },
};

type Parts = Parameters<Awaited<ReturnType<CommandContext['engine']>>['propose']>[0];

/**
 * Undefined where the model or the data cannot be looked at, which is said: the recipe is written all the same.
 * @throws Failure `dataset-format-unknown` where somebody must say which column is which
 */
async function propose(parts: Parts, context: CommandContext): Promise<Proposal | undefined> {
  if (context.stderr.isTerminal) context.stderr.line('Looking at model and data …');
  try {
    return await (await context.engine()).propose(parts, context.signal);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    if (error.code === 'dataset-format-unknown') throw columnsNeeded(error);
    const why = [error.message, error.hint].filter((part) => part !== undefined).join(' ');
    const warning = context.stderr.paint('yellow', 'warning:');
    context.stderr.line(`${warning} No values can be proposed, so the recipe has the default ones. ${why}`);
    return undefined;
  }
}

function report(file: string, proposal: Proposal | undefined, context: CommandContext): void {
  const shown = shortPath(file, context.cwd);
  const { words } = context;
  if (context.isJson) printJson(context, { file, proposal: proposal ?? null });
  if (proposal !== undefined) {
    words.line(proposalSummary(proposal));
    words.line();
    for (const { key, value, reason } of proposal.values) {
      words.line(`  ${words.paint('bold', `${key}: ${JSON.stringify(value)}`)}`);
      words.line(`    ${words.paint('dim', reason)}`);
    }
    words.line();
    for (const warning of proposal.warnings) words.line(`${words.paint('yellow', 'warning:')} ${warning}`);
  }
  words.line(`Wrote ${shown}. Next: \`lora check ${shown}\`, then \`lora train ${shown}\`.`);
}

/** What the options say. @throws Failure `wrong-usage` where they contradict each other */
function given(input: CommandInput): Partial<Ingredients> {
  const [baseModel, dataset] = [input.text('base-model'), input.text('dataset')];
  const columns = givenColumns(input);
  return {
    ...(baseModel === undefined ? {} : { baseModel }),
    ...(dataset === undefined ? {} : { dataset }),
    ...(columns === undefined ? {} : { columns }),
  };
}

/** `support-bot` becomes `support-bot.lora.json`. */
function recipeName(file: string): string {
  return /\.jsonc?$/i.test(file) ? file : `${file}.lora.json`;
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
