import {
  closeSync,
  copyFileSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import path from 'node:path';

const data = path.resolve(process.env.LORA_TEST_DATA || path.join(import.meta.dirname, '../../../shared/data'));

/** The configuration, the tokens and the tensors' header of SmolLM2-135M; its weights are a hole in the file. */
export function writeModel(folder) {
  mkdirSync(folder);
  const sizes = { hidden_size: 576, intermediate_size: 1536, num_hidden_layers: 30, vocab_size: 49_152 };
  const config = {
    ...{ architectures: ['LlamaForCausalLM'], model_type: 'llama', hidden_act: 'silu', ...sizes },
    ...{ num_attention_heads: 9, num_key_value_heads: 3, max_position_embeddings: 8192, rms_norm_eps: 1e-5 },
    ...{ rope_theta: 100_000, tie_word_embeddings: true, bos_token_id: 1, eos_token_id: 2, torch_dtype: 'bfloat16' },
  };
  writeFileSync(path.join(folder, 'config.json'), JSON.stringify(config));
  copyFileSync(path.join(data, 'tokenizers/smollm2/tokenizer.json'), path.join(folder, 'tokenizer.json'));
  writeFileSync(
    path.join(folder, 'tokenizer_config.json'),
    JSON.stringify({ tokenizer_class: 'GPT2Tokenizer', bos_token: '<|im_start|>', eos_token: '<|im_end|>' }),
  );
  const header = {};
  let offset = 0;
  for (const [name, shape] of tensors(sizes)) {
    const end = offset + 2 * shape.reduce((product, size) => product * size, 1);
    header[name] = { dtype: 'BF16', shape, data_offsets: [offset, end] };
    offset = end;
  }
  const text = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  const file = openSync(path.join(folder, 'model.safetensors'), 'w');
  writeSync(file, Buffer.concat([length, text]));
  ftruncateSync(file, 8 + text.length + offset);
  closeSync(file);
}

function tensors({ hidden_size: hidden, intermediate_size: inner, num_hidden_layers: layers, vocab_size: words }) {
  const block = (at) => [
    [`model.layers.${at}.input_layernorm.weight`, [hidden]],
    [`model.layers.${at}.post_attention_layernorm.weight`, [hidden]],
    [`model.layers.${at}.self_attn.q_proj.weight`, [hidden, hidden]],
    [`model.layers.${at}.self_attn.k_proj.weight`, [hidden / 3, hidden]],
    [`model.layers.${at}.self_attn.v_proj.weight`, [hidden / 3, hidden]],
    [`model.layers.${at}.self_attn.o_proj.weight`, [hidden, hidden]],
    [`model.layers.${at}.mlp.gate_proj.weight`, [inner, hidden]],
    [`model.layers.${at}.mlp.up_proj.weight`, [inner, hidden]],
    [`model.layers.${at}.mlp.down_proj.weight`, [hidden, inner]],
  ];
  return [
    ['model.embed_tokens.weight', [words, hidden]],
    ...Array.from({ length: layers }, (_, at) => block(at)).flat(),
    ['model.norm.weight', [hidden]],
  ];
}

/** Real instructions, over and over, each with a number of its own. */
export function writeRows(file, isEnough) {
  const source = JSON.parse(readFileSync(path.join(data, 'datasets/rasbt-instruction-data.json'), 'utf8'));
  const handle = openSync(file, 'w');
  let [bytes, rows] = [0, 0];
  while (!isEnough(bytes, rows)) {
    const lines = [];
    for (let at = 0; at < 1000; at++, rows++) {
      const { instruction, input, output } = source[rows % source.length];
      lines.push(JSON.stringify({ instruction: `${rows}. ${instruction}`, input, output }));
    }
    bytes += writeSync(handle, `${lines.join('\n')}\n`);
  }
  closeSync(handle);
  return rows;
}
