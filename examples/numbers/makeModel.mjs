// Makes the bundled model `numbers` again: a blank model and counting data in models/, then the engine trains it
// with method "full" (numbers.lora.json) and writes model/.  Usage: npm run build && node examples/numbers/makeModel.mjs
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const here = path.dirname(fileURLToPath(import.meta.url));
const blank = path.join(here, 'models', 'blank');
const highest = 100;
const config = {
  architectures: ['LlamaForCausalLM'],
  model_type: 'llama',
  hidden_act: 'silu',
  hidden_size: 64,
  intermediate_size: 128,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  vocab_size: 4 + 2 * highest,
  max_position_embeddings: 256,
  rms_norm_eps: 1e-6,
  rope_theta: 10000,
  tie_word_embeddings: true,
  bos_token_id: 1,
  eos_token_id: 2,
  torch_dtype: 'float32',
};

mkdirSync(blank, { recursive: true });
write('config.json', config);
write('tokenizer.json', tokenizer());
write('tokenizer_config.json', {
  tokenizer_class: 'PreTrainedTokenizerFast',
  unk_token: '<unk>',
  bos_token: '<s>',
  eos_token: '</s>',
  clean_up_tokenization_spaces: false,
  model_max_length: config.max_position_embeddings,
});
writeFileSync(path.join(blank, 'model.safetensors'), randomWeights());
writeFileSync(path.join(here, 'models', 'counting.jsonl'), countingRows());

const { status } = spawnSync(process.execPath, ['dist/cli.js', 'train', path.join(here, 'numbers.lora.json')], {
  stdio: 'inherit',
  cwd: path.join(here, '..', '..'),
});
process.exit(status ?? 1);

/** One token per number, with and without the space before it, and the comma. */
function tokenizer() {
  const words = ['<unk>', '<s>', '</s>', ','];
  for (let number = 1; number <= highest; number++) words.push(String(number));
  for (let number = 1; number <= highest; number++) words.push(` ${number}`);
  const special = (content, id) => ({
    id,
    content,
    single_word: false,
    lstrip: false,
    rstrip: false,
    normalized: false,
    special: true,
  });
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: [special('<unk>', 0), special('<s>', 1), special('</s>', 2)],
    normalizer: null,
    pre_tokenizer: { type: 'Split', pattern: { Regex: ' ?[0-9]+|,' }, behavior: 'Isolated', invert: false },
    post_processor: {
      type: 'TemplateProcessing',
      single: [{ SpecialToken: { id: '<s>', type_id: 0 } }, { Sequence: { id: 'A', type_id: 0 } }],
      pair: [{ Sequence: { id: 'A', type_id: 0 } }, { Sequence: { id: 'B', type_id: 1 } }],
      special_tokens: { '<s>': { id: '<s>', ids: [1], tokens: ['<s>'] } },
    },
    decoder: { type: 'Fuse' },
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: '<unk>',
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: true,
      vocab: Object.fromEntries(words.map((word, id) => [word, id])),
      merges: [],
    },
  };
}

/** Stretches of 1 … 100 from every number on, so that the model learns to go on from anywhere. */
function countingRows() {
  const rows = [];
  for (let first = 1; first < highest; first++) {
    const numbers = Array.from({ length: highest - first + 1 }, (_, i) => first + i);
    rows.push(JSON.stringify({ text: numbers.join(', ') }));
  }
  return `${rows.join('\n')}\n`;
}

/** A safetensors file of normally distributed weights (σ 0.05) and norms of 1, the same at every call. */
function randomWeights() {
  const { hidden_size: size, intermediate_size: inner, vocab_size: vocabulary } = config;
  const kv = (size / config.num_attention_heads) * config.num_key_value_heads;
  const shapes = { 'model.embed_tokens.weight': [vocabulary, size], 'model.norm.weight': [size] };
  for (let layer = 0; layer < config.num_hidden_layers; layer++) {
    const at = `model.layers.${layer}`;
    shapes[`${at}.self_attn.q_proj.weight`] = [size, size];
    shapes[`${at}.self_attn.k_proj.weight`] = [kv, size];
    shapes[`${at}.self_attn.v_proj.weight`] = [kv, size];
    shapes[`${at}.self_attn.o_proj.weight`] = [size, size];
    shapes[`${at}.mlp.gate_proj.weight`] = [inner, size];
    shapes[`${at}.mlp.up_proj.weight`] = [inner, size];
    shapes[`${at}.mlp.down_proj.weight`] = [size, inner];
    shapes[`${at}.input_layernorm.weight`] = [size];
    shapes[`${at}.post_attention_layernorm.weight`] = [size];
  }
  const normal = normalNumbers(1);
  const header = { __metadata__: { format: 'pt' } };
  const parts = [];
  let offset = 0;
  for (const [name, shape] of Object.entries(shapes)) {
    const count = shape.reduce((product, dim) => product * dim, 1);
    const data = Float32Array.from({ length: count }, () => (shape.length === 1 ? 1 : 0.05 * normal()));
    header[name] = { dtype: 'F32', shape, data_offsets: [offset, offset + data.byteLength] };
    offset += data.byteLength;
    parts.push(Buffer.from(data.buffer));
  }
  const text = JSON.stringify(header);
  const json = Buffer.from(text.padEnd(Math.ceil(text.length / 8) * 8));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  return Buffer.concat([length, json, ...parts]);
}

/** Standard normal numbers from a seed: mulberry32 and Box-Muller. */
function normalNumbers(seed) {
  let state = seed;
  const uniform = () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  return () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
}

function write(name, value) {
  writeFileSync(path.join(blank, name), `${JSON.stringify(value, null, 2)}\n`);
}
