import type { ProposedValue } from '../../recipe/starterRecipe';
import { formatCount } from '../../run/format';
import { fitMemory } from './fittingMemory';
import type { Shape } from './fittingMemory';
import { proposeLength } from './proposedLength';
import type { SampledRow } from './proposedLength';

/** All that a proposal is decided from. */
export interface RecipeFacts {
  readonly model: {
    readonly parameters: number;
    /** Tokens. */
    readonly contextLength: number;
    readonly hiddenSize: number;
  };
  readonly data: {
    /** Rows of the file; an estimate for a large one. */
    readonly rows: number;
    /** Rows from all over the file, in tokens before any cut. */
    readonly sample: readonly SampledRow[];
    /** Whether the sample is the whole file. */
    readonly isComplete: boolean;
  };
  /** Numbers of an adapter of rank `r`. */
  readonly adapterSize: (r: number, targets: Shape['targets']) => number;
  readonly memory: {
    /** Bytes that a run may take on this machine. */
    readonly free: number;
    /** Bytes that a run takes at its peak. */
    readonly needed: (shape: Shape) => number;
  };
}

export interface ProposedValues {
  /** In the order of the recipe's keys. */
  readonly values: readonly ProposedValue[];
  /** One sentence each. */
  readonly warnings: readonly string[];
}

/** Steps below which a run rarely teaches enough, see docs/data.md; more is wanted where the rows allow it. */
const enoughSteps = 200;
/** With so many steps, rows may be packed: fewer and larger ones do as well and take less time. */
const plentyOfSteps = 3000;
/** More passes than these can be too many. */
const oftenest = 3;
/** Below so many rows none can be spared for measuring. */
const fewestToSplit = 10;
const stepsOfFewRows = 100;

/**
 * What to train with, decided from facts alone. The sources of the rules:
 *
 * - Layers: all linear ones. QLoRA (Dettmers et al. 2023, arXiv:2305.14314, section 4) needs them to match full
 *   fine-tuning; LoRA Without Regret (Schulman et al. 2025, thinkingmachines.ai/blog/lora) finds attention alone worse
 *   also for small data and at an equal number of parameters.
 * - Rank: the smallest usual one whose adapter has as many numbers as there are tokens to be learnt, the rule of thumb of
 *   Tinker's LoRA primer (tinker-docs.thinkingmachines.ai/lora-primer); above 32 little is gained.
 * - `lora_alpha` is twice the rank: LoRA Learns Less and Forgets Less (Biderman et al. 2024, arXiv:2405.09673).
 * - Learning rate: 2e-4 for 7 to 13 billion parameters and 1e-4 above are QLoRA's; smaller models take larger ones.
 * - Batch: small. LoRA Without Regret finds LoRA less tolerant of large batches than full fine-tuning.
 * - Epochs: 1 to 3 for thousands of rows (Alpaca: 3 for 52,000; QLoRA: 1 to 3); LIMA (Zhou et al. 2023,
 *   arXiv:2305.11206) goes 15 times through 1,000 rows, so few rows are seen more often.
 * - `max_length` covers the longest row, or 99 % of them where a few are far longer than the others.
 */
export function proposeValues(facts: RecipeFacts): ProposedValues {
  const { rows } = facts.data;
  const length = proposeLength(facts.data.sample, facts.data.isComplete, facts.model.contextLength);
  const split = proposeSplit(rows);
  const trainRows = Math.max(1, rows - Math.ceil(rows * split.value));
  const learnt = trainRows * meanLearnt(facts.data.sample, length.value);
  const rank = proposeRank(facts, learnt);
  const epochs = proposeEpochs(trainRows);
  const batch = proposeBatch(facts, trainRows, epochs.value, length.value);
  const fitted = fitMemory(
    {
      r: rank.value,
      targets: 'all-linear',
      maxLength: length.value,
      batchSize: batch.value,
      recomputes: false,
      quantization: 'none',
    },
    facts.memory,
  );
  const { shape, reasons } = fitted;
  const accumulation = batch.value / shape.batchSize;
  const value = (key: string, chosen: ProposedValue['value'], reason: string): ProposedValue[] => [
    { key, value: chosen, reason },
  ];
  const values = [
    ...value('lora.r', rank.value, rank.reason),
    ...value('lora.lora_alpha', 2 * rank.value, 'Twice the rank, as usual.'),
    ...(shape.targets === null
      ? []
      : value('lora.target_modules', shape.targets, 'Every linear layer: that learns more than a few of them do.')),
    ...value('dataset.max_length', shape.maxLength, reasons.maxLength ?? length.reason),
    ...value('dataset.eval_split', split.value, split.reason),
    ...value('dataset.packing', batch.packing, batch.packingReason),
    ...epochsOrSteps(rows, epochs),
    ...value('training.per_device_train_batch_size', shape.batchSize, reasons.batchSize ?? batch.reason),
    ...(accumulation === 1
      ? []
      : value(
          'training.gradient_accumulation_steps',
          accumulation,
          `${accumulation} small batches a step learn the same as one of ${batch.value}.`,
        )),
    ...value('training.learning_rate', ...proposeLearningRate(facts.model.parameters)),
    ...proposeEvaluation(batch.steps, split.value, epochs.value),
    ...(shape.recomputes ? value('training.gradient_checkpointing', true, reasons.recomputes ?? '') : []),
    ...(shape.quantization === 'none'
      ? []
      : value('engine.quantization', shape.quantization, reasons.quantization ?? '')),
  ];
  return { values, warnings: [...length.warnings, ...fitted.warnings] };
}

interface Proposed {
  readonly value: number;
  readonly reason: string;
}

function meanLearnt(sample: readonly SampledRow[], maxLength: number): number {
  const learnt = sample.map(({ tokens, answerAt }) => Math.max(0, Math.min(tokens, maxLength) - Math.max(1, answerAt)));
  return learnt.reduce((sum, count) => sum + count, 0) / Math.max(1, learnt.length);
}

function proposeSplit(rows: number): Proposed {
  if (rows < fewestToSplit) return { value: 0, reason: 'Every row is needed to learn from; none can be spared.' };
  const value = rows < 500 ? 0.1 : rows <= 10_000 ? 0.05 : 0.01;
  const held = roughly(Math.ceil(rows * value));
  return { value, reason: `${held} rows are set aside: the loss on them shows what was really learnt.` };
}

function proposeRank({ model, adapterSize }: RecipeFacts, learnt: number): Proposed {
  const highest = Math.max(1, Math.min(32, 2 ** Math.floor(Math.log2(Math.max(1, model.hiddenSize / 4)))));
  const usual = [8, 16, 32].filter((r) => r <= highest);
  const ranks = usual.length === 0 ? [highest] : usual;
  const enough = ranks.find((r) => adapterSize(r, 'all-linear') >= learnt);
  const tokens = `about ${formatCount(rounded(learnt))} tokens to be learnt`;
  if (enough === undefined) {
    const r = ranks.at(-1)!;
    return { value: r, reason: `There is much to learn (${tokens}), but higher ranks rarely gain anything.` };
  }
  const numbers = formatCount(adapterSize(enough, 'all-linear'));
  return { value: enough, reason: `Room enough: ${numbers} numbers are trained for ${tokens}.` };
}

function proposeEpochs(rows: number): Proposed {
  const few: readonly (readonly [below: number, epochs: number])[] = [
    [20, 20],
    [100, 10],
    [500, 5],
    [20_000, 3],
    [100_000, 2],
  ];
  const value = few.find(([below]) => rows < below)?.[1] ?? 1;
  if (value === 1) return { value, reason: 'With so many rows once is enough.' };
  if (value > oftenest) return { value, reason: `${roughly(rows)} rows are few, so each is seen ${value} times.` };
  const times = value === 2 ? 'twice' : 'three times';
  return { value, reason: `Each of ${roughly(rows)} rows is seen ${times}; more often rarely helps.` };
}

/** A number of steps where there are so few rows that none measures when to stop. */
function epochsOrSteps(rows: number, epochs: Proposed): ProposedValue[] {
  return rows < fewestToSplit
    ? [{ key: 'training.max_steps', value: stepsOfFewRows, reason: 'So few rows are soon known by heart.' }]
    : [{ key: 'training.num_train_epochs', ...epochs }];
}

interface ProposedBatch extends Proposed {
  readonly packing: boolean;
  readonly packingReason: string;
  /** Optimizer steps of the run. */
  readonly steps: number;
}

function proposeBatch({ data }: RecipeFacts, rows: number, epochs: number, maxLength: number): ProposedBatch {
  const sizes = [16, 8, 4, 2, 1];
  const mean = data.sample.reduce((sum, { tokens }) => sum + Math.min(tokens, maxLength), 0) / data.sample.length;
  const packing = (rows * epochs) / sizes[0]! >= plentyOfSteps && 2 * mean <= maxLength;
  // A line is never filled to its end.
  const rowsInLine = packing ? (0.9 * maxLength) / mean : 1;
  const stepsOf = (size: number): number => epochs * Math.ceil(rows / (size * rowsInLine));
  if (data.rows < fewestToSplit) {
    const value = rows >= 4 ? 2 : 1;
    return { value, packing, packingReason: countsRows, steps: stepsOfFewRows, reason: 'Small steps for few rows.' };
  }
  const value = sizes.find((size) => stepsOf(size) >= enoughSteps) ?? 1;
  const steps = stepsOf(value);
  const about = `About ${formatCount(rounded(steps))} steps in all`;
  return {
    value,
    packing,
    packingReason: packing
      ? `Rows are many and short: a batch counts lines of about ${formatCount(rowsInLine)} rows each, which is faster.`
      : countsRows,
    steps,
    reason:
      value === sizes[0]
        ? `${about}; LoRA gains little from larger batches.`
        : value === 1 && steps < enoughSteps
          ? `${about}, as many as so few rows allow.`
          : `${about}; a larger batch would make them too few.`,
  };
}

const countsRows = 'Off: a batch counts rows, which makes more steps to learn in.';

/** @returns value and reason */
function proposeLearningRate(parameters: number): [number, string] {
  const rates: readonly (readonly [below: number, rate: number, words: string])[] = [
    [1e6, 5e-3, 'Very small models need large changes.'],
    [50e6, 2e-3, 'Small models need larger changes than large ones.'],
    [500e6, 1e-3, 'A model of this size takes larger changes than one of billions.'],
    [3e9, 5e-4, 'Usual for LoRA at about a billion parameters.'],
    [20e9, 2e-4, 'Usual for LoRA at about seven billion parameters.'],
  ];
  const [, rate, words] = rates.find(([below]) => parameters < below) ?? [
    Infinity,
    1e-4,
    'Large models need small changes.',
  ];
  return [rate, words];
}

/**
 * How often is measured, where the default of 50 steps would show little but the end; and where rows are seen so often
 * that they may be learnt by heart, that the best state is kept, which must then be saved where it is measured.
 */
function proposeEvaluation(steps: number, split: number, epochs: number): ProposedValue[] {
  if (split === 0) return [];
  const every = steps >= 250 ? 50 : Math.max(5, 5 * Math.round(steps / 50));
  const keepsBest = epochs > oftenest;
  const values: ProposedValue[] = [];
  if (every < 50) {
    const reason = 'Measured about ten times, so that the progress can be seen.';
    values.push({ key: 'training.eval_steps', value: every, reason });
    if (keepsBest) values.push({ key: 'training.save_steps', value: every, reason: 'As often as is measured.' });
  }
  if (keepsBest) {
    const reason = 'Rows that are seen often may be learnt by heart: the last state need not be the best.';
    values.push({ key: 'training.load_best_model_at_end', value: true, reason });
  }
  return values;
}

/** The number itself, while it is not an estimate of what a large file holds. */
function roughly(rows: number): string {
  return rows < 100_000 ? formatCount(rows) : formatCount(rounded(rows));
}

/** Two digits that count. */
function rounded(count: number): number {
  return Number(count.toPrecision(2));
}
