import { recipeDefaults } from '../../../recipe/recipe.generated';
import type { RecipeDraft } from '../../../recipe/draft';
import { formatBytes, formatCount, formatNumber, formatPercent } from '../../../run/format';
import type { Plan } from '../../../run/plan';
import { adapterParams, costWords, layersWords, modulesNamed } from '../costs';
import type { Path } from '../cursor';
import { rankOf, scaleOf } from '../draftOf';
import { isUnread, type DataFacts, type ModelFacts, type TokenFacts } from '../../../recipe/facts';
import { knownOf, type Known, type KnownAdapter } from '../knowledge';
import { ascending, percentile } from '../lengths';

/** All that a sentence about a value may draw from. */
export interface Surroundings {
  readonly draft: RecipeDraft;
  readonly model: Known<ModelFacts>;
  readonly data: Known<DataFacts>;
  readonly tokens: Known<TokenFacts>;
  readonly adapter: Known<KnownAdapter>;
  readonly plan: Known<Plan>;
}

/** What a value means for this model, this data and this machine; undefined where there is nothing to add. */
type Meaning = (around: Surroundings, path: Path) => string | undefined;

/** The sentence for what is known; what is still read or cannot be read says so itself. */
function when<Value extends object>(
  known: Known<Value>,
  say: (value: Value) => string | undefined,
): string | undefined {
  if (isUnread(known)) return known.failure.message;
  return known === undefined ? undefined : say(known);
}

const training = (draft: RecipeDraft) => ({ ...recipeDefaults.training, ...draft.training });

/** By dotted path; `[]` stands for an item. */
export const meanings: Readonly<Record<string, Meaning>> = {
  base_model: ({ model }) =>
    when(model, ({ family, parameters, blocks, contextLength }) => {
      const size = `${formatCount(parameters)} parameters in ${layersWords(blocks)}`;
      return `This one is a ${family} model: ${size}, which reads up to ${formatCount(contextLength)} tokens.`;
    }),
  lora: ({ adapter }) => when(adapter, ({ adapter: plan }) => `Here: ${costWords(plan)}.`),
  'lora.r': ({ draft, adapter }) =>
    when(adapter, ({ adapter: plan, method }) =>
      method === 'full' ? undefined : `Rank ${rankOf(draft)} → ${costWords(plan)}.`,
    ),
  'lora.lora_alpha': ({ draft }) => {
    const root = draft.lora?.use_rslora === true ? 'the square root of ' : '';
    return `With ${root}rank ${rankOf(draft)}, what the adapter adds is multiplied by ${formatNumber(scaleOf(draft))}.`;
  },
  'lora.lora_dropout': ({ draft }) => {
    const share = draft.lora?.lora_dropout ?? recipeDefaults.lora.lora_dropout;
    return share === 0
      ? 'Here nothing is switched off.'
      : `Here ${formatPercent(100 * share)} of the inputs, others in every step.`;
  },
  'lora.target_modules': ({ adapter }) => when(adapter, targetWords),
  'lora.target_modules[]': ({ draft, model }, path) =>
    when(model, (known) => {
      const name = entryAt(draft.lora?.target_modules, path);
      if (name === undefined) return undefined;
      const modules = modulesNamed(known, name);
      if (modules.length === 0) return `No layer of this model is called \`${name}\`.`;
      const params = modules.reduce((sum, module) => sum + adapterParams(module, rankOf(draft)), 0);
      return `\`${name}\` matches ${layersWords(modules.length)} and adds ${formatCount(params)} parameters at rank ${rankOf(draft)}.`;
    }),
  dataset: ({ plan, data, tokens }) =>
    knownOf(plan) === undefined ? when(data, (known) => dataWords(known, knownOf(tokens))) : when(plan, planWords),
  'dataset.path': ({ data, tokens }) => when(data, (known) => dataWords(known, knownOf(tokens))),
  'dataset.max_length': ({ tokens }) =>
    when(tokens, ({ lengths, maxLength }) => {
      if (lengths.length === 0) return undefined;
      const cut = lengths.filter((length) => length > maxLength).length / lengths.length;
      const longest = `The longest of ${formatCount(lengths.length)} sampled rows has ${formatCount(Math.max(...lengths))} tokens`;
      return cut === 0
        ? `${longest}: none is cut at ${maxLength}.`
        : `${longest}; ${formatPercent(100 * cut)} are cut at ${maxLength}.`;
    }),
  'dataset.eval_split': ({ plan }) =>
    when(
      plan,
      ({ data }) => `Here ${formatCount(data.eval_rows)} rows are set aside and ${formatCount(data.rows)} learnt.`,
    ),
  'training.num_train_epochs': ({ draft, plan }) =>
    when(plan, ({ data }) =>
      training(draft).max_steps > 0
        ? `\`max_steps\` ends the run after ${formatCount(data.total_steps)} steps, whatever stands here.`
        : `An epoch is ${formatCount(data.steps_per_epoch)} steps here, so that the run has ${formatCount(data.total_steps)}.`,
    ),
  'training.max_steps': ({ plan }) =>
    when(plan, ({ data }) => {
      const epochs = data.total_steps / Math.max(1, data.steps_per_epoch);
      return `The run has ${formatCount(data.total_steps)} steps: ${formatNumber(epochs)} passes over the data.`;
    }),
  'training.per_device_train_batch_size': batchWords,
  'training.gradient_accumulation_steps': batchWords,
  'training.learning_rate': ({ draft }) => {
    const { learning_rate: rate, lr_scheduler_type: schedule } = training(draft);
    return `Here ${rate} at its highest, on the schedule \`${schedule}\`; with the adapter's factor ${formatNumber(rate * scaleOf(draft))}.`;
  },
  'training.warmup_ratio': ({ draft, plan }) =>
    when(plan, ({ data }) => {
      const steps = Math.ceil(training(draft).warmup_ratio * data.total_steps);
      return `The rate rises over the first ${formatCount(steps)} of ${formatCount(data.total_steps)} steps.`;
    }),
  'training.eval_steps': ({ draft, plan }) => everyWords(plan, training(draft).eval_steps, 'measured'),
  'training.save_steps': ({ draft, plan }) => everyWords(plan, training(draft).save_steps, 'saved'),
  'training.gradient_checkpointing': ({ plan }) =>
    when(plan, ({ compute, memory }) => {
      const words = {
        none: 'nothing is computed again',
        cheap: 'what is cheap is computed again',
        blocks: 'whole layers are computed again',
      };
      const how =
        (words as Readonly<Record<string, string>>)[compute.gradient_checkpointing] ?? compute.gradient_checkpointing;
      return `Here ${how}; training needs about ${formatBytes(memory.lora_bytes)} of memory.`;
    }),
  'engine.device': ({ plan }) =>
    when(plan, ({ compute }) => `Here it is computed on \`${compute.device}\` by ${compute.runtime}.`),
  'engine.precision': ({ plan }) => when(plan, ({ compute }) => `Here numbers are computed in ${compute.precision}.`),
  'engine.threads': ({ plan }) => when(plan, ({ compute }) => `Here ${compute.threads} threads.`),
};

/** The name of a path in the table. */
export function meaningOf(path: Path): Meaning | undefined {
  const dotted = path.reduce<string>(
    (text, segment) => (typeof segment === 'number' ? `${text}[]` : text === '' ? segment : `${text}.${segment}`),
    '',
  );
  // A key of a recipe may bear the name of something that every object has.
  return Object.hasOwn(meanings, dotted) ? meanings[dotted] : undefined;
}

/** `1,100 rows of the shape `alpaca` (instruction, input, output): of 200 sampled ones half have at most 80 tokens …` */
export function dataWords({ rows, rowsAreExact, columns, shape }: DataFacts, tokens: TokenFacts | undefined): string {
  const count = `${rowsAreExact ? '' : 'about '}${formatCount(rows)} ${rows === 1 ? 'row' : 'rows'}`;
  const format = isUnread(shape) ? 'of an unknown shape' : `of the shape \`${shape.format}\``;
  const names = columns.length === 0 ? '' : ` (${columns.slice(0, 6).join(', ')}${columns.length > 6 ? ', …' : ''})`;
  const lengths = ascending(tokens?.lengths ?? []);
  if (lengths.length === 0) return `${count} ${format}${names}.`;
  const usual = `half have at most ${formatCount(percentile(lengths, 0.5))} tokens, the longest ${formatCount(lengths.at(-1)!)}`;
  return `${count} ${format}${names}: of ${formatCount(lengths.length)} sampled ones ${usual}.`;
}

function planWords({ data }: Plan): string {
  const about = data.estimated ? 'about ' : '';
  const tokens = `${about}${formatCount(data.tokens)} tokens, ${formatCount(data.supervised_tokens)} of them supervised`;
  return `${formatCount(data.rows)} rows to learn from: ${tokens}; ${formatCount(data.steps_per_epoch)} steps an epoch.`;
}

function targetWords({ adapter, targets, method }: KnownAdapter): string | undefined {
  if (method === 'full') return undefined;
  const list = targets.map(({ entry, matches }) => `\`${entry}\` (${layersWords(matches)})`).join(', ');
  const names = [...new Set(adapter.modules.map(({ name }) => name.slice(name.lastIndexOf('.') + 1)))];
  const expanded = targets.length === 1 && names.length > 1 ? `: ${names.map((name) => `\`${name}\``).join(', ')}` : '';
  return `Here ${layersWords(adapter.modules.length)} get an adapter, by ${list}${expanded}.`;
}

function batchWords({ draft }: Surroundings): string {
  const { per_device_train_batch_size: batch, gradient_accumulation_steps: times } = training(draft);
  return times === 1
    ? `Each step learns from ${formatCount(batch)} lines of tokens.`
    : `Each step learns from ${batch} × ${times} = ${formatCount(batch * times)} lines of tokens.`;
}

function everyWords(plan: Known<Plan>, every: number, what: string): string | undefined {
  return when(plan, ({ data }) => {
    const times = Math.floor(data.total_steps / every);
    return `Here the adapter is ${what} ${times === 0 ? 'only at the end' : times === 1 ? 'once on the way' : `${formatCount(times)} times on the way`}.`;
  });
}

function entryAt(value: unknown, path: Path): string | undefined {
  const at = path.at(-1);
  const entry: unknown = Array.isArray(value) && typeof at === 'number' ? value[at] : undefined;
  return typeof entry === 'string' ? entry : undefined;
}
