// A model folder in the shape of a LLaMA model with random weights, written without Python: for what depends on sizes alone.
import {
  closeSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import path from 'node:path';

/** What SmolLM2-135M's `config.json` says of sizes. */
export const smollm2Shape = {
  hidden_size: 576,
  intermediate_size: 1536,
  num_hidden_layers: 30,
  num_attention_heads: 9,
  num_key_value_heads: 3,
  vocab_size: 49152,
  max_position_embeddings: 8192,
  rope_theta: 100000,
  tie_word_embeddings: true,
  bos_token_id: 0,
  eos_token_id: 0,
};

/** Its `config.json` as a whole. */
export const smollm2Sizes = {
  architectures: ['LlamaForCausalLM'],
  model_type: 'llama',
  rms_norm_eps: 1e-5,
  hidden_act: 'silu',
  ...smollm2Shape,
};

/** Makes the folder if it is not there: `dtype` is F32 or BF16, `tokenizer` a folder with the tokenizer's files. */
export function makeShapedModel(folder, sizes, { tokenizer, dtype = 'F32' }) {
  if (existsSync(folder)) return folder;
  const draft = `${folder}.draft`;
  mkdirSync(draft, { recursive: true });
  for (const file of readdirSync(tokenizer)) copyFileSync(path.join(tokenizer, file), path.join(draft, file));
  writeFileSync(path.join(draft, 'config.json'), JSON.stringify(sizes, null, 2));
  writeWeights(path.join(draft, 'model.safetensors'), weightShapes(sizes), dtype);
  renameSync(draft, folder);
  return folder;
}

function weightShapes({
  hidden_size: d,
  intermediate_size: f,
  num_hidden_layers: layers,
  num_attention_heads: heads,
  num_key_value_heads: kv,
  vocab_size: vocabulary,
}) {
  const small = (d / heads) * kv;
  const layer = (i) =>
    Object.entries({
      'input_layernorm.weight': [d],
      'post_attention_layernorm.weight': [d],
      'self_attn.q_proj.weight': [d, d],
      'self_attn.k_proj.weight': [small, d],
      'self_attn.v_proj.weight': [small, d],
      'self_attn.o_proj.weight': [d, d],
      'mlp.gate_proj.weight': [f, d],
      'mlp.up_proj.weight': [f, d],
      'mlp.down_proj.weight': [d, f],
    }).map(([name, shape]) => [`model.layers.${i}.${name}`, shape]);
  return [
    ['model.embed_tokens.weight', [vocabulary, d]],
    ...Array.from({ length: layers }, (_, i) => layer(i)).flat(),
    ['model.norm.weight', [d]],
  ];
}

/** Matrices are spread evenly around 0 with a deviation of 0.02, norms are 1. The numbers are the same each time. */
function writeWeights(file, shapes, dtype) {
  const bytes = dtype === 'F32' ? 4 : 2;
  const header = {};
  let end = 0;
  for (const [name, shape] of shapes) {
    const start = end;
    end += bytes * shape.reduce((a, b) => a * b);
    header[name] = { dtype, shape, data_offsets: [start, end] };
  }
  const text = JSON.stringify(header);
  const padded = Buffer.from(text.padEnd(Math.ceil(text.length / 8) * 8));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(padded.length));
  const descriptor = openSync(file, 'w');
  try {
    writeSync(descriptor, length);
    writeSync(descriptor, padded);
    let seed = 1;
    for (const [, shape] of shapes) {
      const values = new Float32Array(shape.reduce((a, b) => a * b)).fill(1);
      if (shape.length > 1) {
        for (let i = 0; i < values.length; i++) {
          seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
          values[i] = (seed / 2 ** 32 - 0.5) * 0.02 * Math.sqrt(12);
        }
      }
      writeAll(descriptor, dtype === 'F32' ? values : upperHalves(values));
    }
  } finally {
    closeSync(descriptor);
  }
}

/** bfloat16 by cutting off. */
function upperHalves(values) {
  return Uint16Array.from(new Uint32Array(values.buffer), (bits) => bits >>> 16);
}

function writeAll(descriptor, array) {
  const bytes = new Uint8Array(array.buffer);
  for (let done = 0; done < bytes.length;) done += writeSync(descriptor, bytes, done);
}
