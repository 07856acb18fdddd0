import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Shape } from '../../../src/engine/operations/fittingMemory';
import type { SampledRow } from '../../../src/engine/operations/proposedLength';
import { proposeValues } from '../../../src/engine/operations/proposedValues';
import type { RecipeFacts } from '../../../src/engine/operations/proposedValues';
import { parseRecipe } from '../../../src/recipe/parse';
import { starterRecipe } from '../../../src/recipe/starterRecipe';

const plenty = { free: Infinity, needed: () => 1e9 };

/** A thousand rows of 40 to 100 tokens, half of each to be learnt, on a model of 100 million parameters. */
function facts(
  changes: Partial<RecipeFacts> & { readonly rows?: number; readonly parameters?: number } = {},
): RecipeFacts {
  const { rows = 1000, parameters = 100e6, ...others } = changes;
  return {
    model: { parameters, contextLength: 2048, hiddenSize: 512 },
    data: { rows, sample: spread(40, 100), isComplete: false },
    adapterSize: (r) => 100_000 * r,
    memory: plenty,
    ...others,
  };
}

function spread(from: number, to: number): SampledRow[] {
  return Array.from({ length: to - from + 1 }, (_, i) => ({ tokens: from + i, answerAt: Math.floor((from + i) / 2) }));
}

function chosen(from: RecipeFacts): Readonly<Record<string, unknown>> {
  return Object.fromEntries(proposeValues(from).values.map(({ key, value }) => [key, value]));
}

function reason(from: RecipeFacts, key: string): string {
  const found = proposeValues(from).values.find((value) => value.key === key);
  assert.ok(found !== undefined, `${key} is not proposed`);
  return found.reason;
}

function rowsOf(rows: number, sample = spread(40, 100)): RecipeFacts {
  return facts({ data: { rows, sample, isComplete: false } });
}

describe('what is proposed for', () => {
  for (const [name, given, expected] of [
    ['5 rows: a number of steps', rowsOf(5), { 'dataset.eval_split': 0, 'training.max_steps': 100 }],
    [
      '15 rows',
      rowsOf(15),
      { 'dataset.eval_split': 0.1, 'training.num_train_epochs': 20, 'training.per_device_train_batch_size': 1 },
    ],
    [
      '90 rows',
      rowsOf(90),
      {
        'training.num_train_epochs': 10,
        'training.per_device_train_batch_size': 4,
        'training.eval_steps': 20,
        'training.save_steps': 20,
        'training.load_best_model_at_end': true,
      },
    ],
    [
      '1,000 rows',
      rowsOf(1000),
      {
        'lora.r': 8,
        'lora.lora_alpha': 16,
        'lora.target_modules': 'all-linear',
        'dataset.max_length': 104,
        'dataset.eval_split': 0.05,
        'dataset.packing': false,
        'training.num_train_epochs': 3,
        'training.per_device_train_batch_size': 8,
        'training.eval_steps': undefined,
        'training.load_best_model_at_end': undefined,
      },
    ],
    ['50,000 rows', rowsOf(50_000), { 'training.num_train_epochs': 2, 'training.per_device_train_batch_size': 16 }],
    ['2 million rows', rowsOf(2e6), { 'training.num_train_epochs': 1, 'dataset.eval_split': 0.01 }],
    ['more tokens than rank 8 has numbers', rowsOf(30_000), { 'lora.r': 16, 'lora.lora_alpha': 32 }],
    ['far more tokens', rowsOf(2e6), { 'lora.r': 32 }],
    [
      'many short rows among a few long ones',
      rowsOf(60_000, [...spread(10, 20), ...spread(10, 20), { tokens: 60, answerAt: 20 }]),
      { 'dataset.packing': true, 'dataset.max_length': 64 },
    ],
    ['half a million parameters', facts({ parameters: 5e5 }), { 'training.learning_rate': 5e-3 }],
    ['15 million parameters', facts({ parameters: 15e6 }), { 'training.learning_rate': 2e-3 }],
    ['135 million parameters', facts({ parameters: 135e6 }), { 'training.learning_rate': 1e-3 }],
    ['one billion parameters', facts({ parameters: 1e9 }), { 'training.learning_rate': 5e-4 }],
    ['seven billion parameters', facts({ parameters: 7e9 }), { 'training.learning_rate': 2e-4 }],
    ['70 billion parameters', facts({ parameters: 70e9 }), { 'training.learning_rate': 1e-4 }],
    [
      'layers too small for rank 8',
      facts({ model: { parameters: 1e4, contextLength: 64, hiddenSize: 16 } }),
      { 'lora.r': 4, 'dataset.max_length': 64 },
    ],
  ] as const) {
    test(name, () => {
      const values = chosen(given);
      for (const [key, value] of Object.entries(expected)) assert.equal(values[key], value, key);
    });
  }
});

describe('max_length', () => {
  const lengths = (contextLength: number, sample: readonly SampledRow[], isComplete = false): RecipeFacts =>
    facts({ model: { parameters: 1e8, contextLength, hiddenSize: 512 }, data: { rows: 1000, sample, isComplete } });

  for (const [name, given, value, says] of [
    [
      'holds the longest',
      lengths(2048, spread(13, 212)),
      224,
      'The longest of 200 sampled rows has 212 tokens; 224 holds them all.',
    ],
    [
      'knows when it has seen all',
      lengths(2048, spread(5, 21), true),
      24,
      'The longest row has 21 tokens; 24 holds it.',
    ],
    [
      'leaves out a few that are far longer',
      lengths(2048, [...spread(1, 200), { tokens: 1900, answerAt: 10 }]),
      208,
      /^A few rows are far longer than the others: .* lose their end\.$/,
    ],
    [
      'ends where the model does',
      lengths(64, spread(40, 139)),
      64,
      'This model reads no more than 64 tokens; 75 % of the rows are longer and lose their end.',
    ],
    [
      'ends where a processor takes very long',
      lengths(8192, spread(1000, 3000)),
      1024,
      /^Longer rows take very long; /,
    ],
  ] as const) {
    test(name, () => {
      assert.equal(chosen(given)['dataset.max_length'], value);
      const told = reason(given, 'dataset.max_length');
      if (typeof says === 'string') assert.equal(told, says);
      else assert.match(told, says);
    });
  }

  test('that leaves nothing of many answers is told', () => {
    const sample = [...spread(10, 50), ...spread(300, 340)];
    const { warnings } = proposeValues(lengths(128, sample));
    assert.match(warnings[0] ?? '', /^In 50 % of the rows the question alone is longer than 128 tokens/);
    assert.deepEqual(proposeValues(lengths(512, sample)).warnings, []);
  });
});

describe('where memory is short', () => {
  /** Ten megabytes for each token at once; recomputation halves it; a third less without most layers. */
  const needed = ({ batchSize, maxLength, recomputes, targets }: Shape): number =>
    (batchSize * maxLength * 10e6 * (targets === null ? 2 : 3)) / (recomputes ? 6 : 3);
  const withFree = (free: number): RecipeFacts => facts({ memory: { free, needed } });

  for (const [name, free, expected] of [
    [
      'nothing changes while it suffices',
      9e9,
      { 'training.per_device_train_batch_size': 8, 'training.gradient_accumulation_steps': undefined },
    ],
    [
      'a batch is added up from smaller ones',
      3e9,
      {
        'training.per_device_train_batch_size': 2,
        'training.gradient_accumulation_steps': 4,
        'training.gradient_checkpointing': undefined,
      },
    ],
    [
      'then blocks are computed a second time',
      0.6e9,
      {
        'training.per_device_train_batch_size': 1,
        'training.gradient_checkpointing': true,
        'lora.target_modules': 'all-linear',
      },
    ],
    ['then fewer layers are adapted', 0.4e9, { 'lora.target_modules': undefined, 'dataset.max_length': 104 }],
  ] as const) {
    test(name, () => {
      const values = chosen(withFree(free));
      for (const [key, value] of Object.entries(expected)) assert.equal(values[key], value, key);
    });
  }

  test('then rows are cut', () => {
    const long = facts({
      memory: { free: 0.8e9, needed },
      data: { rows: 1000, sample: spread(200, 400), isComplete: false },
    });
    assert.equal(chosen(long)['dataset.max_length'], 200);
    assert.match(reason(long, 'dataset.max_length'), /^Longer rows would not fit: 800 MB of memory are free/);
  });

  describe('for the base model itself', () => {
    /** Four bytes for each of 1e9 numbers, fewer when quantized, and what the rows take. */
    const withWeights = (shape: Shape): number => {
      return { none: 4e9, int8: 1e9, nf4: 0.5e9, int4: 0.5e9 }[shape.quantization] + needed(shape) / 10;
    };
    const withFreeFor = (free: number): RecipeFacts => facts({ memory: { free, needed: withWeights } });

    test('nothing is quantized while smaller batches and recomputation suffice', () => {
      const values = chosen(withFreeFor(4.2e9));
      assert.equal(values['engine.quantization'], undefined);
      assert.equal(values['training.per_device_train_batch_size'], 1);
    });

    test('it is held in 8 bits, and what else would have been given up is kept', () => {
      const values = chosen(withFreeFor(2e9));
      assert.equal(values['engine.quantization'], 'int8');
      assert.equal(values['lora.target_modules'], 'all-linear');
      assert.equal(values['training.gradient_checkpointing'], undefined);
      assert.match(reason(withFreeFor(2e9), 'engine.quantization'), /8 bits.*2\.00 GB of memory are free/);
    });

    test('or in 4, as QLoRA has it', () => {
      assert.equal(chosen(withFreeFor(0.7e9))['engine.quantization'], 'nf4');
      assert.match(reason(withFreeFor(0.7e9), 'engine.quantization'), /4 bits, as QLoRA has it/);
    });

    test('and the recipe has it under engine, with its reason', () => {
      const { values } = proposeValues(withFreeFor(2e9));
      const text = starterRecipe({
        baseModel: './model',
        dataset: './data.csv',
        proposed: { summary: 'Proposed for data.', values },
        readIn: 'editor',
      });
      const { recipe, problems } = parseRecipe(text);
      assert.deepEqual(problems, [], text);
      assert.deepEqual(recipe?.engine, { quantization: 'int8' });
      assert.match(text, /\/\/ → The base model in 8 bits/);
    });
  });

  test('and what does not fit at all is told', () => {
    assert.match(
      proposeValues(withFree(1e6)).warnings[0] ?? '',
      /^Training needs about .*, and only 1\.00 MB of memory are free\./,
    );
  });
});

test('every proposal is a recipe without a problem, each value below its reason', () => {
  for (const rows of [1, 5, 15, 90, 1000, 50_000, 2e6]) {
    for (const parameters of [1e5, 15e6, 1e9, 70e9]) {
      for (const free of [Infinity, 1e8]) {
        const { values } = proposeValues(
          facts({ rows, parameters, memory: { free, needed: ({ batchSize }) => batchSize * 1e8 } }),
        );
        const text = starterRecipe({
          baseModel: './model',
          dataset: './data.csv',
          columns: { prompt: 'question', completion: 'answer' },
          proposed: { summary: 'Proposed for data.', values },
          readIn: 'editor',
        });
        const { recipe, problems } = parseRecipe(text);
        assert.deepEqual(problems, [], text);
        const sections = recipe as unknown as Readonly<Record<string, Readonly<Record<string, unknown>>>>;
        for (const { key, value, reason: why } of values) {
          const [section = '', inner = ''] = key.split('.');
          assert.deepEqual(sections[section]?.[inner], value, key);
          const before = text.slice(0, text.indexOf(`${JSON.stringify(inner)}:`)).replace(/\n *\/\/ /g, ' ');
          assert.ok(before.trimEnd().endsWith(`→ ${why}`), `${key}: ${before.slice(-200)}`);
        }
        assert.ok(text.split('\n').every((line) => line.length <= 96));
      }
    }
  }
});
