import type { ConversionFixture } from './fixture';

/** What Axolotl does where nothing is said. */
const silent = { max_length: 512, packing: false, eval_split: 0 };
const trainer = { num_train_epochs: 1, per_device_train_batch_size: 1 };
const toFill = ['dataset.path'];

function withDataset(dataset: string, more = ''): string {
  return `base_model: m/n\nadapter: lora\nlora_r: 8\nlora_alpha: 16\ndatasets:\n${dataset}\n${more}`;
}

const lora = { r: 8, lora_alpha: 16, lora_dropout: 0 };

export const axolotlFixtures: readonly ConversionFixture[] = [
  {
    name: 'LoRA like the examples',
    tool: 'axolotl',
    text: `base_model: owner/Model-1B
load_in_8bit: false
load_in_4bit: false
strict: false

datasets:
  - path: owner/instructions
    type: alpaca
dataset_prepared_path: last_run_prepared
val_set_size: 0.05
output_dir: ./outputs/first

adapter: lora
lora_model_dir:

sequence_len: 1024
sample_packing: true
eval_sample_packing: true
pad_to_sequence_len: true

lora_r: 32
lora_alpha: 64
lora_dropout: 0.1
lora_fan_in_fan_out:
lora_target_modules:
  - q_proj
  - v_proj

wandb_project:
wandb_entity:

gradient_accumulation_steps: 8
micro_batch_size: 4
num_epochs: 3
optimizer: adamw_torch
lr_scheduler: linear
learning_rate: 0.0003

train_on_inputs: false
group_by_length: false
bf16: auto
fp16:
tf32: false

gradient_checkpointing: true
early_stopping_patience:
resume_from_checkpoint:
local_rank:
logging_steps: 1
xformers_attention:
flash_attention: true

warmup_ratio: 0.05
eval_steps: 40
save_steps: 80
debug:
deepspeed:
weight_decay: 0.01
fsdp:
fsdp_config:
special_tokens:
`,
    recipe: {
      base_model: 'owner/Model-1B',
      lora: { r: 32, lora_alpha: 64, lora_dropout: 0.1, target_modules: ['q_proj', 'v_proj'] },
      dataset: {
        path: 'data/instructions.jsonl',
        format: 'alpaca',
        eval_split: 0.05,
        max_length: 1024,
        packing: true,
        completion_only_loss: true,
      },
      training: {
        num_train_epochs: 3,
        per_device_train_batch_size: 4,
        gradient_accumulation_steps: 8,
        learning_rate: 3e-4,
        lr_scheduler_type: 'linear',
        warmup_ratio: 0.05,
        weight_decay: 0.01,
        logging_steps: 1,
        eval_steps: 40,
        save_steps: 80,
        gradient_checkpointing: true,
      },
      output: './outputs/first',
    },
    dropped: ['dataset_prepared_path'],
    toFill,
  },
  {
    name: 'QLoRA on all linear layers, with what only a GPU or a service needs',
    tool: 'axolotl',
    text: withDataset(
      '  - path: a.jsonl\n    type: alpaca',
      'load_in_4bit: true\nlora_target_linear: true\nlora_target_modules: [q_proj]\nwandb_project: p\noptimizer: paged_adamw_32bit\nbf16: true\nevals_per_epoch: 4\nsaves_per_epoch: 1\nspecial_tokens:\n  pad_token: "<pad>"\nlora_mlp_kernel: true\nplugins:\n  - axolotl.integrations.liger.LigerPlugin\nliger_rope: true\n',
    ).replace('adapter: lora', 'adapter: qlora'),
    recipe: {
      base_model: 'm/n',
      lora: { ...lora, target_modules: 'all-linear' },
      dataset: { path: 'a.jsonl', format: 'alpaca', ...silent },
      training: trainer,
      engine: { quantization: 'nf4' },
    },
    dropped: ['wandb_project', 'optimizer', 'bf16', 'evals_per_epoch', 'saves_per_epoch', 'special_tokens', 'plugins'],
    says: [/evals_per_epoch: 4\. How often in an epoch cannot be given/],
  },
  {
    name: 'a chat in messages with a column of another name',
    tool: 'axolotl',
    text: withDataset(
      '  - path: chats.jsonl\n    type: chat_template\n    field_messages: dialogue\n    roles_to_train: ["assistant"]\n    train_on_eos: turn',
      'chat_template: tokenizer_default\n',
    ),
    recipe: {
      base_model: 'm/n',
      lora,
      dataset: { path: 'chats.jsonl', format: 'messages', columns: { messages: 'dialogue' }, ...silent },
      training: trainer,
    },
  },
  {
    name: 'a chat of from and value is ShareGPT',
    tool: 'axolotl',
    text: withDataset(
      '  - path: chats.jsonl\n    type: chat_template\n    field_messages: conversations\n    message_property_mappings:\n      role: from\n      content: value\n    roles_to_train: ["assistant", "tool"]',
      'chat_template: chatml\n',
    ),
    recipe: {
      base_model: 'm/n',
      lora,
      dataset: { path: 'chats.jsonl', format: 'sharegpt', ...silent },
      training: trainer,
    },
    dropped: ['datasets[0].roles_to_train', 'chat_template'],
  },
  {
    name: 'the older spelling of ShareGPT, and a second dataset',
    tool: 'axolotl',
    text: withDataset(
      '  - path: chats.jsonl\n    type: sharegpt\n    conversation: chatml\n  - path: more.jsonl\n    type: sharegpt',
    ),
    recipe: {
      base_model: 'm/n',
      lora,
      dataset: { path: 'chats.jsonl', format: 'sharegpt', ...silent },
      training: trainer,
    },
    dropped: ['datasets[0].conversation', 'datasets[1]'],
  },
  {
    name: 'plain text in a column of its own, from a file behind a kind',
    tool: 'axolotl',
    text: withDataset(
      '  - path: json\n    data_files:\n      - books/one.jsonl\n      - books/two.jsonl\n    ds_type: json\n    type: completion\n    field: body\n    split: train',
      'train_on_inputs: true\n',
    ),
    recipe: {
      base_model: 'm/n',
      lora,
      dataset: {
        path: 'books/one.jsonl',
        format: 'text',
        columns: { text: 'body' },
        max_length: 512,
        packing: false,
        completion_only_loss: false,
        eval_split: 0,
      },
      training: trainer,
    },
    dropped: ['datasets[0].data_files[1]'],
  },
  {
    name: 'a wording of its own becomes a template',
    tool: 'axolotl',
    text: withDataset(
      '  - path: qa.jsonl\n    type:\n      field_instruction: question\n      field_output: answer\n      format: "Q: {instruction}\\nHint: {input}\\nA:"\n      no_input_format: "Q: {instruction}\\nA:"',
    ),
    recipe: {
      base_model: 'm/n',
      lora,
      dataset: {
        path: 'qa.jsonl',
        format: 'alpaca',
        columns: { instruction: 'question', output: 'answer' },
        template: '{% if input %}Q: {{ question }}\nHint: {{ input }}\nA:{% else %}Q: {{ question }}\nA:{% endif %}',
        ...silent,
      },
      training: trainer,
    },
  },
  {
    name: 'another wording around Alpaca rows, and a type that is not known',
    tool: 'axolotl',
    text: withDataset('  - path: a.jsonl\n    type: alpaca_chat.load_qa\n  - path: b.jsonl\n    type: context_qa'),
    recipe: { base_model: 'm/n', lora, dataset: { path: 'a.jsonl', format: 'alpaca', ...silent }, training: trainer },
    dropped: ['datasets[1]'],
    says: [/"alpaca_chat\.load_qa": the wording around the rows is another one here/],
  },
  {
    name: 'a type that is not known, a split and a test set',
    tool: 'axolotl',
    text: withDataset(
      '  - path: a.jsonl\n    type: context_qa\n    split: train[:10%]',
      'test_datasets:\n  - path: held.jsonl\n    type: context_qa\n    split: train\n',
    ),
    recipe: {
      base_model: 'm/n',
      lora,
      dataset: { path: 'a.jsonl', eval_path: 'held.jsonl', max_length: 512, packing: false },
      training: trainer,
    },
    dropped: ['datasets[0].type', 'datasets[0].split'],
  },
  {
    name: 'the total batch in place of the accumulation, rows to set aside as a number',
    tool: 'axolotl',
    text: withDataset(
      '  - path: a.jsonl\n    type: alpaca',
      'micro_batch_size: 2\nbatch_size: 16\nval_set_size: 100\nlr_scheduler: one_cycle\nlearning_rate: 1e-4\n',
    ),
    recipe: {
      base_model: 'm/n',
      lora,
      dataset: { path: 'a.jsonl', format: 'alpaca', ...silent },
      training: {
        num_train_epochs: 1,
        per_device_train_batch_size: 2,
        gradient_accumulation_steps: 8,
        learning_rate: 1e-4,
        lr_scheduler_type: 'cosine',
      },
    },
    dropped: ['val_set_size', 'lr_scheduler'],
  },
  {
    name: 'no adapter: every weight',
    tool: 'axolotl',
    text: 'base_model: m/n\ndatasets:\n  - path: a.jsonl\n    type: completion\nsequence_len: 256\nmicro_batch_size: 1\ngradient_accumulation_steps: 2\nmax_steps: 100\nunfrozen_parameters:\n  - lm_head\n',
    recipe: {
      base_model: 'm/n',
      method: 'full',
      dataset: { path: 'a.jsonl', format: 'text', max_length: 256, packing: false, eval_split: 0 },
      training: { num_train_epochs: 1, max_steps: 100, per_device_train_batch_size: 1, gradient_accumulation_steps: 2 },
    },
    dropped: ['unfrozen_parameters'],
  },
  {
    name: 'names of PEFT with a prefix, an adapter to go on from, anchors',
    tool: 'axolotl',
    text: `base_model: m/n
adapter: lora
lora_model_dir: adapters/first
lora_r: &rank 16
lora_alpha: *rank
peft_use_rslora: true
peft_use_dora: true
peft_layers_to_transform: [0, 1, 2]
peft_init_lora_weights: gaussian
peft_trainable_token_indices: [3]
lora_target_modules: [q_proj]
lora_modules_to_save: [embed_tokens]
loraplus_lr_ratio: 16
datasets:
  - path: /srv/rows.parquet
    type: alpaca
seed: 11
shuffle_merged_datasets: false
adam_beta2: 0.95
max_grad_norm: 0.5
gradient_checkpointing: offload
`,
    recipe: {
      base_model: 'm/n',
      lora: {
        r: 16,
        lora_alpha: 16,
        lora_dropout: 0,
        target_modules: ['q_proj'],
        use_rslora: true,
        init_lora_weights: 'gaussian',
        layers_to_transform: [0, 1, 2],
        modules_to_save: ['embed_tokens'],
        init_from: 'adapters/first',
      },
      dataset: { path: '/srv/rows.parquet', format: 'alpaca', ...silent, shuffle: false },
      training: { ...trainer, adam_beta2: 0.95, max_grad_norm: 0.5, seed: 11, gradient_checkpointing: true },
    },
    dropped: ['peft_use_dora', 'peft_trainable_token_indices', 'loraplus_lr_ratio'],
  },
  {
    name: 'texts for numbers, and a folder of rows',
    tool: 'axolotl',
    text: withDataset(
      '  - path: ./rows\n    type: alpaca',
      'learning_rate: "2e-4"\nnum_epochs: "2"\nweight_decay: lots\n',
    ),
    recipe: {
      base_model: 'm/n',
      lora,
      dataset: { path: 'data/rows.jsonl', format: 'alpaca', ...silent },
      training: { ...trainer, num_train_epochs: 2, learning_rate: 2e-4 },
    },
    dropped: ['weight_decay'],
    toFill,
    says: [/"\.\/rows" is a folder, and a recipe reads one file of it/],
  },
];
