import type { Facts } from '../../../src/recipe/facts';
import type { FactFixture } from './modelFixtures';
import { withDataset } from './modelFixtures';
import { data, machine, places, tokens } from './sampleFacts';

const bare = '{ "base_model": "m", "dataset": { "path": "d.jsonl" } }';
const markedData = '{ "base_model": "m", "dataset": { "path": ‹"d.jsonl"› } }';
const markedModel = '{ "base_model": ‹"m"›, "dataset": { "path": "d.jsonl" } }';

function withTraining(training: string): string {
  return `{ "base_model": "m", "dataset": { "path": "d.jsonl" }, "training": { ${training} } }`;
}

/** The facts of a sample in which `share` of the rows have their answer behind the cut. */
function cutAway(share: number, isWhole = true): Facts {
  const isCut = (_: unknown, i: number): boolean => i < 100 * share;
  return {
    tokens: {
      ...tokens,
      isWhole,
      lengths: tokens.lengths.map((length, i) => (isCut(0, i) ? 120 : length)),
      supervised: tokens.supervised.map((count, i) => (isCut(0, i) ? 0 : count)),
      neededLengths: tokens.neededLengths.map((length, i) => (isCut(0, i) ? 100 : length)),
    },
  };
}

const dataFixtures: readonly FactFixture[] = [
  {
    code: 'few-rows',
    failing: markedData,
    passing: bare,
    facts: { data: { ...data, rows: 19 } },
    otherFacts: {},
    says: /19 rows, which is 5 steps/,
  },
  {
    code: 'many-epochs',
    failing: withTraining('"num_train_epochs": ‹40›'),
    passing: withTraining('"num_train_epochs": 40'),
    otherFacts: { data: { ...data, rows: 5000 } },
    fixed: withTraining('"num_train_epochs": 40, "load_best_model_at_end": true'),
  },
  {
    code: 'empty-answer',
    failing: markedData,
    passing: bare,
    facts: { data: { ...data, emptyRows: [{ file: data.file, row: 3 }], emptyRowCount: 4 } },
    otherFacts: {},
    says: /Row 4: The answer is empty.*4 of the first 100 rows/,
  },
  {
    code: 'empty-answer-in-evaluation',
    failing: withDataset('"eval_path": ‹"e.jsonl"›'),
    passing: withDataset('"eval_path": "e.jsonl"'),
    facts: {
      evalData: {
        ...data,
        file: '/project/e.jsonl',
        emptyRows: [{ file: '/project/e.jsonl', row: 0 }],
        emptyRowCount: 1,
      },
    },
    otherFacts: {},
  },
];

const tokenFixtures: readonly FactFixture[] = [
  {
    code: 'dataset-all-masked',
    failing: withDataset('"max_length": ‹64›'),
    passing: withDataset('"max_length": 128'),
    facts: cutAway(1),
    otherFacts: {},
    says: /nothing to learn in any of the 100 rows/,
    fixed: withDataset('"max_length": 128'),
  },
  {
    code: 'dataset-all-masked',
    failing: markedData,
    passing: bare,
    facts: {
      tokens: {
        ...tokens,
        supervised: tokens.supervised.map(() => 0),
        neededLengths: tokens.lengths.map(() => null),
        completeRows: 0,
        endedRows: 0,
      },
    },
    otherFacts: {},
    says: /completion_only_loss/,
  },
  {
    code: 'rows-cut-away',
    failing: markedData,
    passing: bare,
    facts: cutAway(0.05),
    otherFacts: {},
    says: /In 5 % of the rows/,
    fixed: withDataset('"max_length": 128'),
  },
  { code: 'rows-cut-away', failing: markedData, passing: bare, facts: cutAway(1, false), otherFacts: {} },
  {
    code: 'rows-cut-off',
    failing: markedData,
    passing: bare,
    facts: { tokens: { ...tokens, lengths: tokens.lengths.map((length, i) => (i < 20 ? 100 : length)) } },
    otherFacts: {},
    says: /20 % of the rows/,
  },
  {
    code: 'double-bos',
    failing: markedData,
    passing: bare,
    facts: { tokens: { ...tokens, doubleBos: [{ file: data.file, row: 0, line: 1 }] } },
    otherFacts: {},
    says: /line 1 of d\.jsonl/,
  },
  {
    code: 'double-bos',
    failing: withDataset('"template": ‹"<s>{{ prompt }}"›'),
    passing: withDataset('"template": "{{ prompt }}"'),
    facts: { tokens: { ...tokens, doubleBos: [{ file: data.file, row: 0 }] } },
    otherFacts: {},
  },
  {
    code: 'end-token-split',
    failing: markedModel,
    passing: bare,
    facts: { tokens: { ...tokens, endToken: '<|stop|>', endTokenIds: 5, endedRows: 0 } },
    otherFacts: {},
  },
  {
    code: 'end-token-unknown',
    failing: markedModel,
    passing: bare,
    facts: { tokens: { ...tokens, endToken: null, endTokenIds: 0, endedRows: 0 } },
    otherFacts: {},
  },
  {
    code: 'end-token-not-learnt',
    failing: withDataset('"template": ‹"{{ messages }}"›'),
    passing: withDataset('"template": "{{ messages }}{{ eos_token }}"'),
    facts: { tokens: { ...tokens, template: 'recipe', endedRows: 0 } },
    otherFacts: {},
    says: /\{\{ eos_token \}\}/,
  },
  {
    code: 'template-token-split',
    failing: withDataset('"template": "{{ messages }}‹<|im_end|>›"'),
    passing: bare,
    facts: { tokens: { ...tokens, template: 'recipe', splitTokens: [{ text: '<|im_end|>', ids: 6 }] } },
    otherFacts: {},
    says: /6 pieces/,
  },
  {
    code: 'template-token-untrained',
    failing: markedModel,
    passing: bare,
    facts: { tokens: { ...tokens, template: 'model', untrainedTokens: [{ text: '<|im_start|>', id: 7 }] } },
    otherFacts: {},
    says: /<\|im_start\|>/,
  },
  {
    code: 'token-beyond-vocabulary',
    failing: markedModel,
    passing: bare,
    facts: { tokens: { ...tokens, tokenizerSize: 120, beyondVocabulary: [{ file: data.file, row: 1, line: 2 }] } },
    otherFacts: {},
  },
  {
    code: 'vocabulary-grown',
    failing: markedModel,
    passing: bare,
    facts: { tokens: { ...tokens, tokenizerSize: 120 } },
    otherFacts: {},
  },
];

const outside = { absolute: '/elsewhere/d.jsonl', isInsideWorkspace: false };

const placeFixtures: readonly FactFixture[] = [
  {
    code: 'path-outside-workspace',
    failing: '{ "base_model": "m", "dataset": { "path": ‹"../elsewhere/d.jsonl"› } }',
    passing: '{ "base_model": "m", "dataset": { "path": "/elsewhere/d.jsonl" } }',
    facts: { places: { ...places, paths: { ...places.paths, 'dataset.path': outside } } },
    fixed: '{ "base_model": "m", "dataset": { "path": "/elsewhere/d.jsonl" } }',
  },
  {
    code: 'output-shared',
    failing: '{ "base_model": "m", "dataset": { "path": "d.jsonl" }, "output": ‹"adapters/r"› }',
    passing: bare,
    facts: {
      places: { ...places, otherOutputs: [{ recipe: '/project/other.lora.json', output: '/project/adapters/r' }] },
    },
    otherFacts: {},
    says: /^other\.lora\.json/,
  },
  {
    code: 'device-unavailable',
    failing: '{ "base_model": "m", "dataset": { "path": "d.jsonl" }, "engine": { "device": ‹"webgpu"› } }',
    passing: '{ "base_model": "m", "dataset": { "path": "d.jsonl" }, "engine": { "device": "auto" } }',
    facts: {
      machine: {
        ...machine,
        unusable: [{ device: 'webgpu', reason: 'No graphics driver was found.', enable: 'Install one.' }],
      },
    },
    says: /webgpu.*No graphics driver was found\. Install one\./,
  },
  {
    code: 'precision-unsupported',
    failing: '{ "base_model": "m", "dataset": { "path": "d.jsonl" }, "engine": { "precision": ‹"fp32"› } }',
    passing: '{ "base_model": "m", "dataset": { "path": "d.jsonl" }, "engine": { "precision": "auto" } }',
    facts: { machine: { ...machine, devices: [{ device: 'cuda', precisions: ['bf16', 'fp16'] }] } },
    says: /bf16 or fp16/,
  },
  {
    code: 'precision-unsupported',
    failing: '{ "base_model": "m", "dataset": { "path": "d.jsonl" }, "engine": { "precision": ‹"fp16"› } }',
    passing: '{ "base_model": "m", "dataset": { "path": "d.jsonl" }, "engine": { "precision": "fp32" } }',
    facts: {
      machine: {
        ...machine,
        devices: [
          { device: 'cpu', precisions: ['fp32'], without: { fp16: 'The processor does not.' } },
          { device: 'webgpu', precisions: ['fp32'], without: { fp16: 'Its driver has no such numbers.' } },
        ],
      },
    },
    says: /Nothing on this machine computes in fp16; it could in fp32\. Its driver has no such numbers\. Use "auto"\./,
  },
  {
    code: 'memory-short',
    failing: withTraining('"per_device_train_batch_size": ‹8›'),
    passing: withTraining('"per_device_train_batch_size": 8'),
    facts: { cost: { memoryBytes: 40e9, steps: 10 } },
    otherFacts: {},
    says: /40\.0 GB.*16\.0 GB.*`quantization`/,
  },
  {
    code: 'memory-short',
    failing: withTraining('"per_device_train_batch_size": ‹8›'),
    passing: withTraining('"per_device_train_batch_size": 8'),
    facts: {
      cost: { memoryBytes: 10e9, steps: 10, onDevice: { device: 'webgpu', memoryBytes: 9e9 } },
      machine: { ...machine, devices: [{ device: 'webgpu', precisions: ['fp32'], memoryBytes: 8e9 }] },
    },
    otherFacts: {},
    says: /9\.0 GB, and the graphics card has 8\.0 GB/,
  },
];

/** Of what could not be read, or is wrong with rows: codes that no check of the table has. */
const failureFixtures: readonly FactFixture[] = [
  {
    code: 'model-missing',
    failing: markedModel,
    passing: bare,
    facts: { model: { failure: { code: 'model-missing', message: 'There is no model.' } }, patterns: undefined },
    otherFacts: {},
  },
  {
    code: 'dataset-format-unknown',
    failing: markedData,
    passing: bare,
    facts: {
      data: {
        ...data,
        columns: ['Question', 'Answer'],
        shape: { failure: { code: 'dataset-format-unknown', message: 'None of the known shapes.', file: data.file } },
      },
    },
    otherFacts: {},
    fixed: withDataset('"columns": { "prompt": "Question", "completion": "Answer" }'),
  },
  {
    code: 'dataset-column-missing',
    failing: withDataset('"columns": { "prompt": ‹"questoin"› }'),
    passing: withDataset('"columns": { "prompt": "question" }'),
    facts: {
      data: {
        ...data,
        columns: ['question', 'answer'],
        shape: {
          failure: {
            code: 'dataset-column-missing',
            message: 'No such column.',
            file: data.file,
            path: 'dataset.columns.prompt',
          },
        },
      },
    },
    otherFacts: {},
    fixed: withDataset('"columns": { "prompt": "question" }'),
  },
  {
    code: 'dataset-chat-template-missing',
    failing: markedData,
    passing: bare,
    facts: { tokens: { failure: { code: 'dataset-chat-template-missing', message: 'No template.', file: data.file } } },
    otherFacts: {},
  },
];

export const worldFixtures: readonly FactFixture[] = [
  ...dataFixtures,
  ...tokenFixtures,
  ...placeFixtures,
  ...failureFixtures,
];
