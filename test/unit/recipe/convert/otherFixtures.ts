import type { ConversionFixture } from './fixture';

const mlxSilent = { max_length: 2048, completion_only_loss: false };
const mlxTrainer = {
  max_steps: 1000,
  learning_rate: 1e-5,
  lr_scheduler_type: 'constant',
  warmup_ratio: 0,
  max_grad_norm: 0,
};

const mlxFixtures: readonly ConversionFixture[] = [
  {
    name: 'MLX-LM like the example',
    tool: 'mlx-lm',
    text: `model: owner/small
train: true
fine_tune_type: lora
optimizer: adamw
optimizer_config:
  adamw:
    betas: [0.9, 0.98]
    eps: 1e-6
    weight_decay: 0.05
data: "data/"
seed: 5
num_layers: -1
batch_size: 2
iters: 300
val_batches: 25
learning_rate: 2e-5
steps_per_report: 10
steps_per_eval: 100
adapter_path: "adapters/small"
save_every: 50
test: false
max_seq_length: 512
grad_checkpoint: true
lora_parameters:
  keys: ["self_attn.q_proj", "self_attn.v_proj"]
  rank: 4
  scale: 10.0
  dropout: 0.1
lr_schedule:
  name: cosine_decay
  warmup: 20
  warmup_init: 1e-7
  arguments: [1e-5, 300, 1e-7]
`,
    recipe: {
      base_model: 'owner/small',
      lora: { r: 4, lora_alpha: 40, lora_dropout: 0.1, target_modules: ['self_attn.q_proj', 'self_attn.v_proj'] },
      dataset: {
        path: 'data/train.jsonl',
        eval_path: 'data/valid.jsonl',
        max_length: 512,
        completion_only_loss: false,
      },
      training: {
        max_steps: 300,
        per_device_train_batch_size: 2,
        learning_rate: 2e-5,
        lr_scheduler_type: 'cosine',
        warmup_steps: 20,
        weight_decay: 0.05,
        adam_beta1: 0.9,
        adam_beta2: 0.98,
        adam_epsilon: 1e-6,
        max_grad_norm: 0,
        seed: 5,
        logging_steps: 10,
        eval_steps: 100,
        save_steps: 50,
        gradient_checkpointing: true,
      },
      output: 'adapters/small',
    },
    dropped: ['val_batches', 'lr_schedule.warmup_init', 'lr_schedule.arguments'],
    says: [/"lora_alpha": 40, \/\/ lora_parameters\.scale; 10 times the rank/],
  },
  {
    name: 'a command line of MLX-LM, where silence means 16 layers and 20 times the rank',
    tool: 'mlx-lm',
    text: 'mlx_lm.lora --model ./m --train --data ./d --iters 50 --mask-prompt --batch-size 1',
    recipe: {
      base_model: './m',
      lora: { lora_alpha: 160, lora_dropout: 0, target_modules: 'all-linear', layers_to_transform: null },
      dataset: { path: './d/train.jsonl', eval_path: './d/valid.jsonl', max_length: 2048, completion_only_loss: true },
      training: { ...mlxTrainer, max_steps: 50, per_device_train_batch_size: 1 },
    },
    says: [/MLX-LM adapts the last 16 layers unless num_layers says otherwise/],
  },
  {
    name: 'what MLX-LM stores beside an adapter',
    tool: 'mlx-lm',
    text: '{"model": "./m", "fine_tune_type": "dora", "num_layers": 8, "optimizer": "sgd", "hf_dataset": {"path": "owner/billing", "prompt_feature": "text", "completion_feature": "summary", "train_split": "train[:100]"}, "lora_parameters": {"rank": 8, "dropout": 0.0, "scale": 2.0}, "report_to": "wandb", "resume_adapter_file": "a.safetensors"}',
    recipe: {
      base_model: './m',
      lora: { r: 8, lora_alpha: 16, lora_dropout: 0, target_modules: 'all-linear' },
      dataset: { path: 'data/train.jsonl', columns: { prompt: 'text', completion: 'summary' }, ...mlxSilent },
      training: mlxTrainer,
    },
    dropped: [
      'fine_tune_type',
      'num_layers',
      'optimizer',
      'hf_dataset.train_split',
      'report_to',
      'resume_adapter_file',
    ],
    toFill: ['dataset.path'],
  },
];

const sftSilent = { max_length: 1024, packing: false, completion_only_loss: true, eval_split: 0 };

const pythonFixtures: readonly ConversionFixture[] = [
  {
    name: 'LoraConfig and SFTConfig of a script',
    tool: 'python',
    text: `import torch
from peft import LoraConfig, TaskType
from trl import SFTConfig, SFTTrainer
from datasets import load_dataset

MODEL = "owner/tiny"
model = AutoModelForCausalLM.from_pretrained(MODEL, torch_dtype="auto", device_map="auto")
tokenizer = AutoTokenizer.from_pretrained("owner/other-tokenizer")
dataset = load_dataset("owner/questions", split="train")

peft_config = LoraConfig(
    r=8,  # small
    lora_alpha=16,
    lora_dropout=0.05,
    target_modules=["q_proj", "v_proj"],
    task_type=TaskType.CAUSAL_LM,
)
args = SFTConfig(
    output_dir="out",
    num_train_epochs=2,
    learning_rate=3e-4,
    max_length=384,
    bf16=torch.cuda.is_bf16_supported(),
    report_to=[],
)
SFTTrainer(model=model, args=args, train_dataset=dataset, peft_config=peft_config).train()
`,
    recipe: {
      base_model: 'owner/tiny',
      lora: { r: 8, lora_alpha: 16, lora_dropout: 0.05, target_modules: ['q_proj', 'v_proj'] },
      dataset: { path: 'data/questions.jsonl', ...sftSilent, max_length: 384 },
      training: {
        num_train_epochs: 2,
        per_device_train_batch_size: 8,
        learning_rate: 3e-4,
        lr_scheduler_type: 'linear',
        warmup_ratio: 0,
      },
      output: 'out',
    },
    dropped: ['SFTConfig.bf16'],
    toFill: ['dataset.path'],
  },
  {
    name: 'a notebook of Unsloth',
    tool: 'python',
    text: `from unsloth import FastLanguageModel
max_seq_length = 768
model, tokenizer = FastLanguageModel.from_pretrained(
    model_name = "owner/tiny", max_seq_length = max_seq_length, dtype = None, load_in_4bit = True,
)
model = FastLanguageModel.get_peft_model(
    model, r = 16, target_modules = ["q_proj", "k_proj",], lora_alpha = 2 * 8, lora_dropout = 0, bias = "none",
    use_gradient_checkpointing = "unsloth", random_state = 99, use_rslora = False, loftq_config = None,
)
dataset = load_dataset("json", data_files = {"train": "rows.jsonl"}, split = "train")
trainer = SFTTrainer(
    model = model, tokenizer = tokenizer, train_dataset = dataset, dataset_text_field = "text", max_seq_length = max_seq_length, packing = False,
    args = TrainingArguments(per_device_train_batch_size = 2, gradient_accumulation_steps = 4, warmup_steps = 5, max_steps = 60,
        learning_rate = 2e-4, optim = "adamw_8bit", weight_decay = 0.01, lr_scheduler_type = "linear", seed = 99, output_dir = "outputs"),
)
trainer = train_on_responses_only(trainer, instruction_part = "<|user|>", response_part = "<|assistant|>")
`,
    recipe: {
      base_model: 'owner/tiny',
      lora: {
        r: 16,
        lora_alpha: 16,
        lora_dropout: 0,
        target_modules: ['q_proj', 'k_proj'],
        bias: 'none',
        use_rslora: false,
      },
      dataset: { path: 'rows.jsonl', max_length: 768, packing: false, completion_only_loss: true, eval_split: 0 },
      training: {
        max_steps: 60,
        per_device_train_batch_size: 2,
        gradient_accumulation_steps: 4,
        learning_rate: 2e-4,
        lr_scheduler_type: 'linear',
        warmup_steps: 5,
        weight_decay: 0.01,
        seed: 99,
        gradient_checkpointing: true,
      },
      engine: { quantization: 'nf4' },
      output: 'outputs',
    },
    dropped: ['get_peft_model.lora_alpha', 'TrainingArguments.optim'],
    toFill: ['lora.lora_alpha'],
    says: [/Fill in: `get_peft_model\.lora_alpha` is computed by the script \(2 \* 8\)/],
  },
  {
    name: 'only a LoraConfig, with every kind of literal',
    tool: 'python',
    text: `config = LoraConfig(
    r = 0x10, lora_alpha = 1_6.0, use_rslora = True, bias = ('none'),
    target_modules = r".*\\.(q|v)_proj", modules_to_save = ("lm_head",), rank_pattern = {'layers.0.q_proj': 4},
    init_lora_weights = 'gau' 'ssian', layers_to_transform = None, lora_dropout = f"{x}", exclude_modules = [], **more)
`,
    recipe: {
      base_model: './models/base-model',
      lora: {
        r: 16,
        lora_alpha: 16,
        lora_dropout: 0.05,
        target_modules: '.*\\.(q|v)_proj',
        exclude_modules: [],
        bias: 'none',
        use_rslora: true,
        init_lora_weights: 'gaussian',
        rank_pattern: { 'layers.0.q_proj': 4 },
        modules_to_save: ['lm_head'],
      },
      dataset: { path: 'data/train.jsonl' },
    },
    dropped: ['LoraConfig.lora_dropout'],
    toFill: ['base_model', 'dataset.path', 'lora.lora_dropout'],
  },
  {
    name: 'names that the script gives two values are not known; without a LoraConfig all is trained',
    tool: 'python',
    text: 'rate = 1e-4\nif big:\n    rate = 1e-5\nepochs = 4\nepochs = 5\nargs = TrainingArguments("out", learning_rate=rate, num_train_epochs=epochs, eval_strategy="no")\n',
    recipe: {
      base_model: './models/base-model',
      method: 'full',
      dataset: { path: 'data/train.jsonl', ...sftSilent },
      training: {
        num_train_epochs: 3,
        per_device_train_batch_size: 8,
        learning_rate: 2e-4,
        lr_scheduler_type: 'linear',
        warmup_ratio: 0,
      },
      output: 'out',
    },
    dropped: ['TrainingArguments.learning_rate', 'TrainingArguments.num_train_epochs'],
    toFill: ['base_model', 'dataset.path', 'training.learning_rate', 'training.num_train_epochs'],
  },
];

export const otherFixtures: readonly ConversionFixture[] = [...mlxFixtures, ...pythonFixtures];
