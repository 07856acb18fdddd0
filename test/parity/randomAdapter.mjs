// An adapter in PEFT's layout around every linear layer of a LLaMA model, written without Python.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

const rank = 8;

/** @param {number} strength spread of B's numbers; with 0 the adapter changes nothing */
export function writeRandomAdapter(folder, model, strength) {
  const config = JSON.parse(readFileSync(path.join(model, 'config.json'), 'utf8'));
  const {
    hidden_size: d,
    intermediate_size: f,
    num_attention_heads: heads,
    num_key_value_heads: kvHeads = heads,
  } = config;
  const small = (d / heads) * kvHeads;
  const layers = {
    'self_attn.q_proj': [d, d],
    'self_attn.k_proj': [d, small],
    'self_attn.v_proj': [d, small],
    'self_attn.o_proj': [d, d],
    'mlp.gate_proj': [d, f],
    'mlp.up_proj': [d, f],
    'mlp.down_proj': [f, d],
  };
  const tensors = Array.from({ length: config.num_hidden_layers }, (_, block) =>
    Object.entries(layers).flatMap(([layer, [inside, outside]]) => {
      const name = `base_model.model.model.layers.${block}.${layer}.lora_`;
      return [
        [`${name}A.weight`, [rank, inside], 1 / Math.sqrt(inside)],
        [`${name}B.weight`, [outside, rank], strength],
      ];
    }),
  ).flat();
  mkdirSync(folder);
  writeFileSync(path.join(folder, 'adapter_model.safetensors'), safetensors(tensors));
  const target_modules = Object.keys(layers).map((layer) => layer.split('.')[1]);
  const fixed = {
    peft_type: 'LORA',
    task_type: 'CAUSAL_LM',
    bias: 'none',
    fan_in_fan_out: false,
    inference_mode: true,
  };
  const settings = { r: rank, lora_alpha: 2 * rank, lora_dropout: 0, target_modules, base_model_name_or_path: model };
  writeFileSync(path.join(folder, 'adapter_config.json'), JSON.stringify({ ...fixed, ...settings }));
}

function safetensors(tensors) {
  const header = {};
  let [end, seed] = [0, 3];
  const parts = tensors.map(([name, shape, spread]) => {
    const values = Float32Array.from({ length: shape[0] * shape[1] }, () => {
      seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
      return (seed / 2 ** 32 - 0.5) * Math.sqrt(12) * spread;
    });
    header[name] = { dtype: 'F32', shape, data_offsets: [end, (end += values.byteLength)] };
    return new Uint8Array(values.buffer);
  });
  const text = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  return Buffer.concat([length, text, ...parts]);
}
