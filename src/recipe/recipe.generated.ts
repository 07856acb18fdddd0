// Generated from schemas/lora.schema.json by scripts/recipeTypes.mjs: change the schema, not this file.

/** What to train, on what, and how. Only base_model and dataset.path are required; relative paths start at the recipe's folder. Comments and trailing commas are allowed. */
export interface Recipe {
  /** Tells an editor which schema to check this file against. Training does not read it. */
  readonly $schema?: string;
  /** The adapter's name, used for its folder and wherever it is listed. Default: the recipe file's name without `.lora.json`. */
  readonly name?: string;
  /** The model that is fine-tuned: a Hugging Face model folder (with `config.json`, `model.safetensors` and `tokenizer.json`), a `.gguf` file, or a hub id such as `HuggingFaceTB/SmolLM2-135M` that is looked up in the local hub cache. The base model itself is never changed. */
  readonly base_model: string;
  /** What the model learns to do. `CAUSAL_LM` continues text: chat, stories, code, instructions. The other tasks are not built yet. */
  readonly task_type?: 'CAUSAL_LM' | 'SEQ_CLS' | 'IMAGE_CLASSIFICATION' | 'TEXT_TO_IMAGE';
  /** `lora` trains a small adapter of a few megabytes beside the frozen model. `full` trains every weight: it needs far more memory and is meant for comparison and for making very small models. */
  readonly method?: 'lora' | 'full';
  /** The adapter: how large it is and where in the model it sits. The keys are those of PEFT's `LoraConfig`. */
  readonly lora?: LoraSection;
  /** The examples to learn from, and how they become tokens. */
  readonly dataset: DatasetSection;
  /** How long and how fast to learn. The keys are those of Transformers' `TrainingArguments`. */
  readonly training?: TrainingSection;
  /** What computes. The defaults suit every machine. */
  readonly engine?: EngineSection;
  /** Folder that the finished adapter is written to, in PEFT's layout. Default: `adapters/<name>`. */
  readonly output?: string;
  /** Where the adapter will be used. The recipe is then also checked against what that program can load. */
  readonly deploy_to?: 'peft' | 'gguf' | 'llama.cpp' | 'ollama' | 'vllm' | null;
}

/** The adapter: how large it is and where in the model it sits. The keys are those of PEFT's `LoraConfig`. */
export interface LoraSection {
  /** Rank: how much the adapter can learn. Each adapted layer gets two thin matrices with this many rows and columns, so size and memory grow in proportion. 4 to 32 is usual. */
  readonly r?: number;
  /** Strength: the adapter's output is multiplied by `lora_alpha / r` (with `use_rslora` by `lora_alpha / sqrt(r)`). Twice the rank is a common choice. */
  readonly lora_alpha?: number;
  /** Share of the adapter's inputs that is randomly switched off in each step, so that it does not learn single examples by heart. 0 to 0.1 is usual. */
  readonly lora_dropout?: number;
  /** Which layers get an adapter: a list of layer names (`q_proj` means every layer with that name), one regular expression that must match the whole name, or `all-linear` for every linear layer. Default: the ones PEFT chooses for the model's family (LLaMA, Mistral and Qwen2: `q_proj` and `v_proj`; GPT-2: `c_attn`). */
  readonly target_modules?: readonly string[] | string | null;
  /** Layers that get no adapter although `target_modules` names them: a list of names or one regular expression. */
  readonly exclude_modules?: readonly string[] | string;
  /** Which bias vectors are trained as well: none, all of the model's, or only those of the adapted layers. With any but `none` the model differs from the base even when the adapter is switched off. */
  readonly bias?: 'none' | 'all' | 'lora_only';
  /** Scale the adapter by `lora_alpha / sqrt(r)` instead of `lora_alpha / r`, which keeps high ranks from learning too slowly. */
  readonly use_rslora?: boolean;
  /** Train magnitude and direction of each weight apart (DoRA). Not built yet. */
  readonly use_dora?: boolean;
  /** How the adapter starts. `true`: it changes nothing at first and learns from there (the usual choice). `gaussian`: the same with normally distributed numbers. `pissa`, `pissa_niter_16`, `olora`: it starts from the strongest directions of the base weights, which often learns faster. `false`: random from the first step, only for experiments. */
  readonly init_lora_weights?: boolean | string;
  /** Another rank for some layers: layer name or regular expression on the left, rank on the right. The first match counts. */
  readonly rank_pattern?: Readonly<Record<string, number>>;
  /** Another `lora_alpha` for some layers, written like `rank_pattern`. */
  readonly alpha_pattern?: Readonly<Record<string, number>>;
  /** Only these layers of the model, counted from 0; `null` means all. Needs `target_modules` as a list of names. */
  readonly layers_to_transform?: readonly number[] | number | null;
  /** Layers that are trained in full and stored with the adapter, for example a new output head. They make the adapter file much larger. */
  readonly modules_to_save?: readonly string[];
  /** Folder of an existing adapter whose weights this run starts from, with a fresh optimizer. To continue an interrupted run exactly, use `lora train --resume` instead. */
  readonly init_from?: string | null;
}

/** The examples to learn from, and how they become tokens. */
export interface DatasetSection {
  /** File with the training examples: JSONL, JSON, CSV, TSV, Parquet or plain text. Relative paths start at the recipe's folder. */
  readonly path: string;
  /** Shape of a row. `text`: one text. `messages`: a chat of `{role, content}`. `prompt-completion`: a question and its answer. `alpaca`: instruction, input, output. `sharegpt`: conversations of `{from, value}`. `auto` finds out from the first rows. `image-folder` is not built yet. */
  readonly format?: 'auto' | 'text' | 'messages' | 'prompt-completion' | 'alpaca' | 'sharegpt' | 'image-folder';
  /** Where the file's columns have other names: role on the left, the file's column on the right. */
  readonly columns?: {
    readonly text?: string;
    readonly messages?: string;
    readonly conversations?: string;
    readonly prompt?: string;
    readonly completion?: string;
    readonly instruction?: string;
    readonly input?: string;
    readonly output?: string;
  };
  /** Jinja template that turns a row into its prompt, or a chat into text, instead of the built-in wording or the model's own chat template. */
  readonly template?: string | null;
  /** File with examples that are never trained on and only measure progress. Without it, `eval_split` sets some of the training file aside. */
  readonly eval_path?: string | null;
  /** Share of the training file that is set aside to measure progress, used when `eval_path` is missing. 0 means no evaluation. */
  readonly eval_split?: number;
  /** Longest row in tokens; what is longer is cut off at the end. Longer rows need more memory. Default: 512 or what the model can read, whichever is smaller. */
  readonly max_length?: number | null;
  /** Put several short rows side by side into one so that no time is spent on padding. The rows never see each other. */
  readonly packing?: boolean;
  /** Learn only the answers, not the questions. Rows of plain text are learnt in full either way. */
  readonly completion_only_loss?: boolean;
  /** Mix the rows anew in every epoch, in an order that depends only on `seed`. */
  readonly shuffle?: boolean;
}

/** How long and how fast to learn. The keys are those of Transformers' `TrainingArguments`. */
export interface TrainingSection {
  /** How often the whole dataset is gone through. Too often on few rows and the model repeats them by heart. */
  readonly num_train_epochs?: number;
  /** Stop after this many steps, whatever `num_train_epochs` says. -1 means no such limit. */
  readonly max_steps?: number;
  /** Rows that are computed at once. More is faster until memory runs out. */
  readonly per_device_train_batch_size?: number;
  /** Rows that are computed at once when progress is measured. Default: `per_device_train_batch_size`. */
  readonly per_device_eval_batch_size?: number;
  /** Batches that are added up before the adapter is changed: the effect of a larger batch without its memory. */
  readonly gradient_accumulation_steps?: number;
  /** Size of each change. Too high and the loss jumps or becomes NaN, too low and nothing is learnt. 1e-4 to 1e-3 is usual for LoRA, a tenth of that for `method: full`. */
  readonly learning_rate?: number;
  /** How the learning rate changes over the run after the warm-up: it stays (`constant`), falls in a straight line (`linear`) or along half a cosine wave (`cosine`). `constant` alone ignores the warm-up. */
  readonly lr_scheduler_type?: 'constant' | 'constant_with_warmup' | 'linear' | 'cosine';
  /** Share of all steps in which the learning rate rises from 0. Use this or `warmup_steps`, not both. */
  readonly warmup_ratio?: number;
  /** Number of steps in which the learning rate rises from 0, instead of `warmup_ratio`. */
  readonly warmup_steps?: number | null;
  /** Pulls the trained weights towards zero a little in each step, against learning by heart. */
  readonly weight_decay?: number;
  /** AdamW's memory of past gradients. Rarely changed. */
  readonly adam_beta1?: number;
  /** AdamW's memory of past squared gradients. Rarely changed. */
  readonly adam_beta2?: number;
  /** Keeps AdamW from dividing by zero. Rarely changed. */
  readonly adam_epsilon?: number;
  /** Gradients that are longer than this together are shortened to it, which tames single bad batches. 0 switches it off. */
  readonly max_grad_norm?: number;
  /** Start of all random numbers: the same seed, recipe and data give the same adapter. */
  readonly seed?: number;
  /** People see every so many steps; the stored metrics hold every step. */
  readonly logging_steps?: number;
  /** Measure progress on the evaluation rows every so many steps. */
  readonly eval_steps?: number;
  /** Store a checkpoint to resume from every so many steps. */
  readonly save_steps?: number;
  /** Keep only this many of the newest checkpoints; `null` keeps all. */
  readonly save_total_limit?: number | null;
  /** Keep the adapter with the lowest evaluation loss instead of the last one. Needs an evaluation set, and `save_steps` that is a multiple of `eval_steps`. */
  readonly load_best_model_at_end?: boolean;
  /** Stop when the evaluation loss has not improved this many times in a row. Needs an evaluation set. */
  readonly early_stopping_patience?: number | null;
  /** Compute parts of the model a second time instead of keeping them in memory. `auto` does it where it costs almost no time, `true` wherever it saves memory, `false` never. */
  readonly gradient_checkpointing?: 'auto' | true | false;
  /** Prompts that the model continues before training, every `eval_steps` and at the end, so that you can see what it learns. */
  readonly sample_prompts?: readonly string[];
}

/** What computes. The defaults suit every machine. */
export interface EngineSection {
  /** The library that computes. `auto` and `onnxruntime` are the fast one; `reference` is slow, plain TypeScript to compare with; `tensorflow` needs `lora setup tensorflow` once and is no faster. */
  readonly runtime?: 'auto' | 'onnxruntime' | 'tensorflow' | 'reference';
  /** The part of the machine that computes. `auto` takes the fastest that works, by a short trial; `webgpu` is a GPU of any maker, `cuda` one of NVIDIA after `lora setup cuda`, `directml` one on Windows, `coreml` one on a Mac. A device that cannot be used is an error. `lora doctor` shows what there is. */
  readonly device?: 'auto' | 'cpu' | 'webgpu' | 'cuda' | 'directml' | 'coreml';
  /** Exactness of the numbers in the computation. `auto` and `fp32` compute in 32 bits whatever the model file stores. `fp16` holds the base model in 16 bits and multiplies in them, on a GPU that can; what is trained, the loss and the optimizer stay in 32 bits, and the loss is scaled as PyTorch's GradScaler does. `bf16` does the same in the other format of 16 bits, which needs no scaling, on an NVIDIA card with CUDA. */
  readonly precision?: 'auto' | 'fp32' | 'fp16' | 'bf16';
  /** Hold the matrices of the frozen base model's layers in fewer bits to save memory, and widen each where it is used; the adapter is trained in 32 bits all the same. `int8` takes a quarter of the memory of 32 bits and changes the model hardly, `nf4` (QLoRA's) and `int4` take an eighth and change it more. On the processor, and on GPUs that were seen to compute with them. */
  readonly quantization?: 'none' | 'int8' | 'int4' | 'nf4';
  /** Processor threads to use; 0 uses one per core. */
  readonly threads?: number;
}

export type ResolvedLora = Required<LoraSection>;
export type ResolvedDataset = Required<DatasetSection>;
export type ResolvedTraining = Required<TrainingSection>;
export type ResolvedEngine = Required<EngineSection>;

/** A recipe in which every default is filled in. */
export interface ResolvedRecipe extends Required<Omit<Recipe, '$schema' | 'lora' | 'dataset' | 'training' | 'engine'>> {
  readonly lora: ResolvedLora;
  readonly dataset: ResolvedDataset;
  readonly training: ResolvedTraining;
  readonly engine: ResolvedEngine;
}

/** The schema's defaults; keys whose default depends on other keys (such as name) are missing. */
export const recipeDefaults = {
  task_type: 'CAUSAL_LM',
  method: 'lora',
  lora: {
    r: 8,
    lora_alpha: 16,
    lora_dropout: 0.05,
    target_modules: null,
    exclude_modules: [],
    bias: 'none',
    use_rslora: false,
    use_dora: false,
    init_lora_weights: true,
    rank_pattern: {},
    alpha_pattern: {},
    layers_to_transform: null,
    modules_to_save: [],
    init_from: null,
  },
  dataset: {
    format: 'auto',
    columns: {},
    template: null,
    eval_path: null,
    eval_split: 0.05,
    max_length: null,
    packing: true,
    completion_only_loss: true,
    shuffle: true,
  },
  training: {
    num_train_epochs: 3,
    max_steps: -1,
    per_device_train_batch_size: 4,
    gradient_accumulation_steps: 1,
    learning_rate: 0.0002,
    lr_scheduler_type: 'cosine',
    warmup_ratio: 0.03,
    warmup_steps: null,
    weight_decay: 0,
    adam_beta1: 0.9,
    adam_beta2: 0.999,
    adam_epsilon: 1e-8,
    max_grad_norm: 1,
    seed: 42,
    logging_steps: 1,
    eval_steps: 50,
    save_steps: 50,
    save_total_limit: 3,
    load_best_model_at_end: false,
    early_stopping_patience: null,
    gradient_checkpointing: 'auto',
    sample_prompts: [],
  },
  engine: {
    runtime: 'auto',
    device: 'auto',
    precision: 'auto',
    quantization: 'none',
    threads: 0,
  },
  deploy_to: null,
} as const;
