import type { ConversionFixture } from './fixture';

/** What TRL does where nothing is said. */
const silent = { max_length: 1024, packing: false, completion_only_loss: true, eval_split: 0 };
const trainer = { per_device_train_batch_size: 8, learning_rate: 2e-5, lr_scheduler_type: 'linear', warmup_ratio: 0 };

export const trlFixtures: readonly ConversionFixture[] = [
  {
    name: 'the shortest command line',
    tool: 'trl',
    text: 'trl sft --model_name_or_path Qwen/Qwen3-0.6B --dataset_name someone/poems --use_peft',
    recipe: {
      base_model: 'Qwen/Qwen3-0.6B',
      lora: { r: 16, lora_alpha: 32 },
      dataset: { path: 'data/poems.jsonl', ...silent },
      training: trainer,
    },
    toFill: ['dataset.path'],
    says: [/Fill in: "someone\/poems" is a dataset of the Hugging Face hub/],
  },
  {
    name: 'a script with continued lines, variables and quotes',
    tool: 'trl',
    text: `#!/usr/bin/env bash
set -euo pipefail
export MODEL='./models/base'   # where it lies
RANK=24
trl sft \\
    --model_name_or_path "$MODEL" \\
    --dataset_name data/rows.jsonl \\
    --use_peft true --lora_r $RANK --lora_alpha \${ALPHA:-48} \\
    --lora_target_modules q_proj k_proj v_proj \\
    --learning_rate 1.5e-4 \\
    --output_dir "adapters/$(date +%s)"
echo done
`,
    recipe: {
      base_model: './models/base',
      lora: { r: 24, lora_alpha: 48, target_modules: ['q_proj', 'k_proj', 'v_proj'] },
      dataset: { path: 'data/rows.jsonl', ...silent },
      training: { ...trainer, learning_rate: 1.5e-4 },
    },
    dropped: ['output_dir'],
  },
  {
    name: 'accelerate with a script of the library, options with dashes and equals signs',
    tool: 'trl',
    text: 'accelerate launch --config_file "my settings.yaml" --num_processes 4 trl/scripts/sft.py --model-name-or-path=m/n --dataset-name=rows.csv --use-peft --lora-target-modules=all-linear --no-packing --max_length 640 --eval-strategy steps --eval-steps 25 --per-device-train-batch-size 2 --gradient-accumulation-steps 16 --lr-scheduler-type cosine --warmup-steps 0.05',
    recipe: {
      base_model: 'm/n',
      lora: { r: 16, lora_alpha: 32, target_modules: 'all-linear' },
      dataset: { path: 'rows.csv', max_length: 640, packing: false, completion_only_loss: true },
      training: {
        per_device_train_batch_size: 2,
        gradient_accumulation_steps: 16,
        learning_rate: 2e-5,
        lr_scheduler_type: 'cosine',
        warmup_ratio: 0.05,
        eval_steps: 25,
      },
    },
  },
  {
    name: 'without use_peft every weight is trained',
    tool: 'trl',
    text: 'trl sft --model_name_or_path m/n --dataset_name a.jsonl --learning_rate 1e-5',
    recipe: {
      base_model: 'm/n',
      method: 'full',
      dataset: { path: 'a.jsonl', ...silent },
      training: { ...trainer, learning_rate: 1e-5 },
    },
  },
  {
    name: 'a YAML file for --config, with services, precision and devices',
    tool: 'trl',
    text: `model_name_or_path: m/n
dataset_name: a.jsonl
use_peft: true
lora_r: 8
lora_alpha: 8
lora_dropout: 0.0
use_rslora: true
load_in_4bit: true
bf16: true
optim: paged_adamw_8bit
report_to: wandb
run_name: first try
push_to_hub: true
hub_model_id: someone/first
neftune_noise_alpha: 5
gradient_checkpointing: true
gradient_checkpointing_kwargs:
  use_reentrant: false
deepspeed: zero3.json
attn_implementation: flash_attention_2
logging_steps: 10
save_strategy: epoch
seed: 7
`,
    recipe: {
      name: 'first try',
      base_model: 'm/n',
      lora: { r: 8, lora_alpha: 8, lora_dropout: 0, use_rslora: true },
      dataset: { path: 'a.jsonl', ...silent },
      training: { ...trainer, gradient_checkpointing: true, logging_steps: 10, seed: 7 },
      engine: { quantization: 'nf4' },
    },
    dropped: [
      'bf16',
      'optim',
      'report_to',
      'push_to_hub',
      'hub_model_id',
      'neftune_noise_alpha',
      'deepspeed',
      'save_strategy',
    ],
    says: [/save_strategy: epoch\. Checkpoints come every/],
  },
  {
    name: 'a mixture of datasets, of which one is taken',
    tool: 'trl',
    text: `model_name_or_path: m/n
use_peft: true
datasets:
  - path: json
    data_files: data/a.jsonl
    split: train
  - path: someone/more
test_split_size: 0.1
assistant_only_loss: true
`,
    recipe: {
      base_model: 'm/n',
      lora: { r: 16, lora_alpha: 32 },
      dataset: { path: 'data/a.jsonl', max_length: 1024, packing: false, completion_only_loss: true, eval_split: 0.1 },
      training: trainer,
    },
    dropped: ['datasets[0].path', 'datasets[0].split', 'datasets[1]'],
  },
  {
    name: 'schedules that are not here, steps as shares, and a best model without an evaluation',
    tool: 'trl',
    text: 'trl sft --model_name_or_path m/n --dataset_name a.jsonl --use_peft --lr_scheduler_type cosine_with_min_lr --lr_scheduler_kwargs \'{"min_lr_rate": 0.1}\' --save_steps 0.25 --load_best_model_at_end --eval_strategy no --metric_for_best_model eval_loss --max_steps 200',
    recipe: {
      base_model: 'm/n',
      lora: { r: 16, lora_alpha: 32 },
      dataset: { path: 'a.jsonl', ...silent },
      training: { ...trainer, lr_scheduler_type: 'cosine', max_steps: 200 },
    },
    dropped: ['lr_scheduler_type', 'lr_scheduler_kwargs', 'save_steps', 'load_best_model_at_end'],
    says: [/"lr_scheduler_type": "cosine", \/\/ the nearest to "cosine_with_min_lr"/],
  },
  {
    name: 'names of earlier versions',
    tool: 'trl',
    text: 'python examples/scripts/sft.py --model_name_or_path m/n --dataset_name a.jsonl --use_peft --max_seq_length 300 --evaluation_strategy epoch --torch_dtype bfloat16 --dataset_text_field body --group_by_length --warmup_ratio 0.1 --overwrite_output_dir',
    recipe: {
      base_model: 'm/n',
      lora: { r: 16, lora_alpha: 32 },
      dataset: {
        path: 'a.jsonl',
        columns: { text: 'body' },
        max_length: 300,
        packing: false,
        completion_only_loss: true,
      },
      training: { ...trainer, warmup_ratio: 0.1 },
    },
    dropped: ['evaluation_strategy', 'torch_dtype'],
  },
  {
    name: 'only arguments, pasted without their command',
    tool: 'trl',
    text: '--model_name_or_path m/n --dataset_name rows.parquet --use_peft --lora_r 4 --packing --completion_only_loss false',
    recipe: {
      base_model: 'm/n',
      lora: { r: 4, lora_alpha: 32 },
      dataset: { path: 'rows.parquet', max_length: 1024, packing: true, completion_only_loss: false, eval_split: 0 },
      training: trainer,
    },
  },
];
