import type { ConversionFixture } from './fixture';

const silent = { max_length: 2048, packing: false, eval_split: 0 };
const trainer = { per_device_train_batch_size: 8, learning_rate: 5e-5, lr_scheduler_type: 'linear', warmup_ratio: 0 };
const lora = { r: 8, lora_alpha: 16, lora_dropout: 0, target_modules: 'all-linear' };
const toFill = ['dataset.path'];

export const llamaFactoryFixtures: readonly ConversionFixture[] = [
  {
    name: 'a configuration like the examples',
    tool: 'llama-factory',
    text: `### model
model_name_or_path: owner/Model-1B-Instruct
trust_remote_code: true

### method
stage: sft
do_train: true
finetuning_type: lora
lora_rank: 16
lora_target: all

### dataset
dataset: my_questions,my_answers
template: llama3
cutoff_len: 1024
max_samples: 500
overwrite_cache: true
preprocessing_num_workers: 8
dataloader_num_workers: 2

### output
output_dir: saves/model/lora
logging_steps: 10
save_steps: 200
plot_loss: true
overwrite_output_dir: true
save_only_model: false
report_to: none

### train
per_device_train_batch_size: 1
gradient_accumulation_steps: 4
learning_rate: 1.0e-4
num_train_epochs: 2.0
lr_scheduler_type: cosine
warmup_ratio: 0.1
bf16: true
ddp_timeout: 180000000
resume_from_checkpoint: null
`,
    recipe: {
      base_model: 'owner/Model-1B-Instruct',
      lora: { r: 16, lora_alpha: 32, lora_dropout: 0, target_modules: 'all-linear' },
      dataset: { path: 'data/my_questions.json', max_length: 1024, packing: false, eval_split: 0 },
      training: {
        num_train_epochs: 2,
        per_device_train_batch_size: 1,
        gradient_accumulation_steps: 4,
        learning_rate: 1e-4,
        lr_scheduler_type: 'cosine',
        warmup_ratio: 0.1,
        logging_steps: 10,
        save_steps: 200,
      },
      output: 'saves/model/lora',
    },
    dropped: [
      'dataset',
      'template',
      'max_samples',
      'preprocessing_num_workers',
      'dataloader_num_workers',
      'bf16',
      'ddp_timeout',
    ],
    toFill,
    says: [
      /"lora_alpha": 32, \/\/ LLaMA-Factory's default: twice the rank/,
      /entry of LLaMA-Factory's dataset_info\.json/,
    ],
  },
  {
    name: 'what is not said is what LLaMA-Factory does',
    tool: 'llama-factory',
    text: 'model_name_or_path: m/n\nstage: sft\nfinetuning_type: lora\ndataset: rows\ndataset_dir: my/data\n',
    recipe: {
      base_model: 'm/n',
      lora: { lora_alpha: 16, lora_dropout: 0, target_modules: 'all-linear' },
      dataset: { path: 'my/data/rows.json', ...silent },
      training: trainer,
    },
    toFill,
  },
  {
    name: 'the same as JSON',
    tool: 'llama-factory',
    text: '{"model_name_or_path": "m/n", "stage": "sft", "finetuning_type": "lora", "lora_rank": 8, "lora_alpha": 16, "lora_target": "q_proj,v_proj", "dataset": "data/rows.json", "cutoff_len": 256}',
    recipe: {
      base_model: 'm/n',
      lora: { ...lora, target_modules: ['q_proj', 'v_proj'] },
      dataset: { path: 'data/rows.json', max_length: 256, packing: false, eval_split: 0 },
      training: trainer,
    },
  },
  {
    name: 'a command line, quantized, with an evaluation',
    tool: 'llama-factory',
    text: `CUDA_VISIBLE_DEVICES=0 llamafactory-cli train \\
  --stage sft --do_train True --model_name_or_path m/n --finetuning_type lora --quantization_bit 4 \\
  --lora_rank 8 --lora_alpha 16 --lora_dropout 0.1 --lora_target q_proj,o_proj \\
  --dataset rows.jsonl --val_size 0.1 --eval_strategy steps --eval_steps 20 --per_device_eval_batch_size 2 \\
  --flash_attn auto --neat_packing True`,
    recipe: {
      base_model: 'm/n',
      lora: { r: 8, lora_alpha: 16, lora_dropout: 0.1, target_modules: ['q_proj', 'o_proj'] },
      dataset: { path: 'rows.jsonl', eval_split: 0.1, max_length: 2048, packing: true },
      training: { ...trainer, eval_steps: 20, per_device_eval_batch_size: 2 },
      engine: { quantization: 'nf4' },
    },
  },
  {
    name: 'PiSSA, rsLoRA, LoRA+ and trained embeddings',
    tool: 'llama-factory',
    text: 'model_name_or_path: m/n\nfinetuning_type: lora\nlora_rank: 8\nlora_target: all\npissa_init: true\npissa_iter: 4\npissa_convert: true\nuse_rslora: true\nloraplus_lr_ratio: 16.0\nadditional_target: embed_tokens,lm_head\ndataset: a.jsonl\n',
    recipe: {
      base_model: 'm/n',
      lora: {
        ...lora,
        use_rslora: true,
        init_lora_weights: 'pissa_niter_4',
        modules_to_save: ['embed_tokens', 'lm_head'],
      },
      dataset: { path: 'a.jsonl', ...silent },
      training: trainer,
    },
    dropped: ['pissa_convert', 'loraplus_lr_ratio'],
  },
  {
    name: 'continued pre-training on text',
    tool: 'llama-factory',
    text: 'model_name_or_path: m/n\nstage: pt\nfinetuning_type: lora\nlora_rank: 8\ndataset: texts.jsonl\npacking: true\ntrain_on_prompt: true\n',
    recipe: {
      base_model: 'm/n',
      lora,
      dataset: {
        path: 'texts.jsonl',
        format: 'text',
        max_length: 2048,
        packing: true,
        completion_only_loss: false,
        eval_split: 0,
      },
      training: trainer,
    },
  },
  {
    name: 'every weight, and a number of rows to measure with',
    tool: 'llama-factory',
    text: 'model_name_or_path: m/n\nstage: sft\nfinetuning_type: full\ndataset: a.jsonl\nval_size: 200\ndisable_gradient_checkpointing: true\ndisable_shuffling: true\nearly_stopping_steps: 3\n',
    recipe: {
      base_model: 'm/n',
      method: 'full',
      dataset: { path: 'a.jsonl', ...silent, shuffle: false },
      training: { ...trainer, gradient_checkpointing: false },
    },
    dropped: ['val_size', 'early_stopping_steps'],
  },
  {
    name: 'going on from an adapter, with a DoRA that is not built',
    tool: 'llama-factory',
    text: 'model_name_or_path: ./m\nadapter_name_or_path: saves/first\nfinetuning_type: lora\nlora_rank: 8\nuse_dora: true\ndataset: a.jsonl\neval_dataset: b.jsonl\nmask_history: true\nuse_swanlab: true\nswanlab_project: x\nenable_liger_kernel: true\n',
    recipe: {
      base_model: './m',
      lora: { ...lora, init_from: 'saves/first' },
      dataset: { path: 'a.jsonl', eval_path: 'b.jsonl', max_length: 2048, packing: false },
      training: trainer,
    },
    dropped: ['use_dora', 'mask_history', 'use_swanlab', 'swanlab_project'],
  },
];
