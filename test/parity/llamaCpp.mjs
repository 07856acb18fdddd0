// Whether llama.cpp answers as the engine does: `node test/parity/llamaCpp.mjs` (after `npm run build`).
// A random adapter on stories15M (LORA_TEST_DATA) is exported as GGUF in both ways; then the greedy tokens of llama.cpp
// (npm's node-llama-cpp, installed into the cache folder on first use) are compared with those of `lora generate`.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pythonWithRequirements } from './environment.mjs';
import { installLlama } from './llamaInstall.mjs';

const cli = path.resolve('dist/cli.js');
const model = path.resolve(process.env.LORA_TEST_DATA ?? '../shared/data', 'models', 'stories15M');
const prompts = [
  'Once upon a time there was a dog',
  'Lily and Tom went to the park',
  'The sun',
  'One day, a big red ball',
];
const tokens = 48;

const llama = installLlama();
const folder = mkdtempSync(path.join(tmpdir(), 'lora-llama-'));
let failed = false;
try {
  const strong = writeAdapter('strong', 0.03);
  const none = writeAdapter('none', 0);
  const file = (name) => path.join(folder, `${name}.gguf`);
  exportAs(none, 'gguf', file('base'));
  exportAs(strong, 'gguf', file('merged'));
  exportAs(strong, 'gguf-adapter', file('adapter'));
  for (const prompt of prompts) {
    const own = { base: generate(prompt), adapter: generate(prompt, strong) };
    compare(`base, ${prompt}`, own.base, answer(prompt, file('base')));
    compare(`base and GGUF adapter, ${prompt}`, own.adapter, answer(prompt, file('base'), file('adapter')));
    compare(`merged, ${prompt}`, own.adapter, answer(prompt, file('merged')));
    if (own.base === own.adapter) fail(`the adapter changes nothing: ${prompt}`);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
process.exit(failed ? 1 : 0);

function compare(what, expected, found) {
  if (expected.trim() === found.trim()) console.log(`same   ${what}`);
  else fail(`${what}\n  lora:      ${JSON.stringify(expected)}\n  llama.cpp: ${JSON.stringify(found)}`);
}

function fail(what) {
  console.log(`DIFFERS ${what}`);
  failed = true;
}

function lora(...args) {
  return execFileSync(process.execPath, [cli, ...args], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
}

function exportAs(adapter, format, output) {
  lora('export', adapter, '--format', format, '--output', output, '--json');
}

function generate(prompt, adapter) {
  const attached = adapter === undefined ? [] : ['--adapter', adapter];
  const args = ['--base-model', model, ...attached, '--prompt', prompt, '--max-new-tokens', String(tokens), '--json'];
  return JSON.parse(lora('generate', ...args)).completions[0].text;
}

/** What llama.cpp says, in a process of its own as its native code may end it. */
function answer(prompt, gguf, adapter = '') {
  const script = path.join(llama, 'answer.mjs');
  return JSON.parse(
    execFileSync(process.execPath, [script, gguf, String(tokens), prompt, adapter], { encoding: 'utf8', cwd: llama }),
  );
}

function writeAdapter(name, strength) {
  const adapter = path.join(folder, name);
  const script = `
import json, sys
import numpy as np
from pathlib import Path
from safetensors.numpy import save_file
base, out, strength = Path(sys.argv[1]), Path(sys.argv[2]), float(sys.argv[3])
config = json.loads((base / "config.json").read_text())
hidden, inner, heads = config["hidden_size"], config["intermediate_size"], config["num_attention_heads"]
kv = (config.get("num_key_value_heads") or heads) * hidden // heads
layers = {"self_attn.q_proj": (hidden, hidden), "self_attn.k_proj": (hidden, kv), "self_attn.v_proj": (hidden, kv),
          "self_attn.o_proj": (hidden, hidden), "mlp.up_proj": (hidden, inner), "mlp.down_proj": (inner, hidden)}
random = np.random.default_rng(3)
tensors = {}
for block in range(config["num_hidden_layers"]):
    for layer, (width, height) in layers.items():
        r = 2 if layer == "mlp.up_proj" else 4
        at = f"base_model.model.model.layers.{block}.{layer}"
        tensors[f"{at}.lora_A.weight"] = (random.normal(0, 1, (r, width)) / np.sqrt(width)).astype(np.float32)
        tensors[f"{at}.lora_B.weight"] = (random.normal(0, 1, (height, r)) * strength).astype(np.float32)
out.mkdir()
save_file(tensors, out / "adapter_model.safetensors")
(out / "adapter_config.json").write_text(json.dumps({
    "peft_type": "LORA", "task_type": "CAUSAL_LM", "base_model_name_or_path": str(base), "r": 4, "lora_alpha": 8,
    "lora_dropout": 0.0, "target_modules": [layer.split(".")[1] for layer in layers], "rank_pattern": {"up_proj": 2},
    "bias": "none", "fan_in_fan_out": False, "inference_mode": True}))
`;
  execFileSync(pythonWithRequirements(), ['-c', script, model, adapter, String(strength)], { stdio: 'inherit' });
  return adapter;
}
