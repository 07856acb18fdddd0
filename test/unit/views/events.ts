import type { Plan } from '../../../src/run/plan';
import type { StepEvent, TrainingEvent } from '../../../src/run/trainingEvent';

/** A model of 15 million parameters, and an adapter of 92 thousand. */
export const plan: Plan = {
  name: 'stories',
  base_model: './stories15M',
  family: 'llama',
  method: 'lora',
  adapter: {
    trainable_params: 92_160,
    all_params: 15_283_872,
    trainable_percent: 0.603,
    file_bytes: 370_000,
    modules: [{ name: 'model.layers.0.self_attn.q_proj', in: 288, out: 288, r: 8, params: 4608 }],
  },
  targets: [{ entry: 'q_proj', matches: 6 }],
  full: { trainable_params: 15_253_920 },
  memory: { lora_bytes: 0.98e9, full_bytes: 1.39e9, device_bytes: null },
  data: {
    rows: 900,
    eval_rows: 100,
    tokens: 90_000,
    supervised_tokens: 80_000,
    steps_per_epoch: 225,
    total_steps: 900,
    estimated: false,
  },
  compute: {
    runtime: 'onnxruntime',
    device: 'cpu',
    device_reason: 'No other device can be used here.',
    precision: 'fp32',
    threads: 2,
    gradient_checkpointing: 'cheap',
    max_length: 256,
  },
  warnings: [],
};

/** A step whose numbers follow from its place: a loss that falls in waves, with a spike now and then. */
export function step(at: number): StepEvent {
  return {
    type: 'step',
    step: at,
    epoch: at / 225,
    loss: 1 + 3 * Math.exp(-at / 20_000) + 0.3 * Math.sin(at * at) + (at % 9_973 === 0 ? 4 : 0),
    learning_rate: 1e-4 * (1 - at / 200_000),
    grad_norm: 1 + 0.3 * Math.cos(at * 7),
    mean_token_accuracy: 0.5,
    num_tokens: at * 30,
    tokens_per_second: 1800,
    eta_seconds: 60,
    memory_bytes: 9e8,
  };
}

export function started(folder: string, total: number): TrainingEvent {
  return { type: 'started', run: folder.split('/').at(-1)!, folder, total_steps: total };
}
