import { patternFacts } from '../../../src/engine/facts/patternFacts';
import type {
  DataFacts,
  Facts,
  MachineFacts,
  ModelFacts,
  ModuleFacts,
  PlaceFacts,
  TokenFacts,
} from '../../../src/recipe/facts';
import { parseRecipe } from '../../../src/recipe/parse';

/** A LLaMA of two blocks, its output tied to its embedding. */
export const llama: ModelFacts = {
  folder: '/project/m',
  family: 'llama',
  architecture: 'LlamaForCausalLM',
  modules: [
    { path: 'model.embed_tokens', kind: 'embedding', in: 99, out: 32, isAdaptable: true, layer: null },
    ...[0, 1].flatMap((layer) => block(layer)),
    { path: 'model.norm', kind: 'norm', in: 32, out: 32, isAdaptable: false, layer: null },
    { path: 'lm_head', kind: 'linear', in: 32, out: 99, isAdaptable: true, layer: null },
  ],
  blocks: 2,
  blockList: 'model.layers',
  head: 'lm_head',
  contextLength: 256,
  positionsAreLearnt: false,
  vocabSize: 99,
  tied: [['lm_head', 'model.embed_tokens']],
  parameters: 13_000,
  defaultTargets: ['q_proj', 'v_proj'],
  dtypes: ['F32'],
  hasChatTemplate: false,
};

function block(layer: number): readonly ModuleFacts[] {
  const linear = (name: string, inside: number, out: number): ModuleFacts => {
    return { path: `model.layers.${layer}.${name}`, kind: 'linear', in: inside, out, isAdaptable: true, layer };
  };
  return [
    linear('self_attn.q_proj', 32, 32),
    linear('self_attn.k_proj', 32, 16),
    linear('self_attn.v_proj', 32, 16),
    linear('self_attn.o_proj', 32, 32),
    linear('mlp.up_proj', 32, 48),
    linear('mlp.down_proj', 48, 32),
    { path: `model.layers.${layer}.input_layernorm`, kind: 'norm', in: 32, out: 32, isAdaptable: false, layer },
  ];
}

export const data: DataFacts = {
  file: '/project/d.jsonl',
  bytes: 4000,
  columns: ['prompt', 'completion'],
  rows: 100,
  rowsAreExact: true,
  shape: { format: 'prompt-completion', columnOf: { prompt: 'prompt', completion: 'completion' } },
  scannedRows: 100,
  badRows: [],
  badRowCount: 0,
  emptyRows: [],
  emptyRowCount: 0,
};

export const tokens: TokenFacts = {
  rows: 100,
  isWhole: true,
  maxLength: 64,
  lengths: Array.from({ length: 100 }, () => 40),
  supervised: Array.from({ length: 100 }, () => 10),
  neededLengths: Array.from({ length: 100 }, () => 30),
  completeRows: 100,
  endedRows: 100,
  endToken: '</s>',
  endTokenIds: 1,
  doubleBos: [],
  template: 'none',
  splitTokens: [],
  untrainedTokens: [],
  beyondVocabulary: [],
  tokenizerSize: 99,
};

export const machine: MachineFacts = {
  unusable: [],
  memoryBytes: 16e9,
  cores: 4,
  devices: [{ device: 'cpu', precisions: ['fp32'] }],
};

export const places: PlaceFacts = {
  workspace: '/project',
  paths: {
    'dataset.path': { absolute: '/project/d.jsonl', isInsideWorkspace: true },
    output: { absolute: '/project/adapters/r', isInsideWorkspace: true },
  },
  otherOutputs: [],
};

/** The facts of a sound recipe in a sound world; the patterns are those of `text`. */
export function factsFor(text: string, changes: Facts = {}): Facts {
  const model = changes.model === undefined || 'failure' in changes.model ? llama : changes.model;
  const patterns = patternFacts(parseRecipe(text).draft, model);
  const cost = { memoryBytes: 1e9, steps: 75 };
  return { model, data, tokens, machine, places, cost, patterns, ...changes };
}
