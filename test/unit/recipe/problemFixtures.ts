/** A recipe with one problem, marked ‹like this›, and a near one without it. */
export interface ProblemFixture {
  readonly code: string;
  readonly failing: string;
  readonly passing: string;
  /** Part of the message. */
  readonly says?: RegExp;
  readonly path?: string;
}

function withLora(lora: string): string {
  return `{ "base_model": "m", "dataset": { "path": "d.jsonl" }, "lora": { ${lora} } }`;
}

function withDataset(dataset: string): string {
  return `{ "base_model": "m", "dataset": { "path": "d.jsonl", ${dataset} } }`;
}

function withTraining(training: string, dataset = ''): string {
  return `{ "base_model": "m", "dataset": { "path": "d.jsonl"${dataset} }, "training": { ${training} } }`;
}

function withTop(top: string): string {
  return `{ "base_model": "m", "dataset": { "path": "d.jsonl" }, ${top} }`;
}

const syntaxFixtures: readonly ProblemFixture[] = [
  {
    code: 'recipe-syntax',
    failing: withTop('"name": ‹support›'),
    passing: withTop('"name": "support"'),
    says: /quotes/,
  },
  {
    code: 'recipe-syntax',
    failing: withTop('"name": "a" ‹"output"›: "b"'),
    passing: withTop('"name": "a", "output": "b"'),
  },
  { code: 'duplicate-key', failing: withLora('"r": 4, ‹"r"›: 8'), passing: withLora('"r": 4'), path: 'lora.r' },
];

const schemaFixtures: readonly ProblemFixture[] = [
  {
    code: 'missing-key',
    failing: '‹{› "dataset": { "path": "d.jsonl" } }',
    passing: withTop(''),
    path: 'base_model',
  },
  {
    code: 'missing-key',
    failing: '{ "base_model": "m", "dataset": ‹{›} }',
    passing: withTop(''),
    path: 'dataset.path',
  },
  {
    code: 'unknown-key',
    failing: withLora('‹"target_module"›: ["q_proj"]'),
    passing: withLora('"target_modules": ["q_proj"]'),
    says: /Did you mean `target_modules`\?/,
    path: 'lora.target_module',
  },
  {
    code: 'unknown-key',
    failing: withTop('‹"learning_rate"›: 1e-4'),
    passing: withTraining('"learning_rate": 1e-4'),
    says: /belongs inside `training`/,
  },
  {
    code: 'unknown-key',
    failing: withLora('‹"rank"›: 4'),
    passing: withLora('"r": 4'),
    says: /called `r` here/,
  },
  {
    code: 'wrong-type',
    failing: withLora('"r": ‹"8"›'),
    passing: withLora('"r": 8'),
    says: /without quotes: 8/,
    path: 'lora.r',
  },
  {
    code: 'wrong-type',
    failing: withLora('"r": ‹8.5›'),
    passing: withLora('"r": 8'),
    says: /whole number, but is 8\.5/,
  },
  {
    code: 'wrong-type',
    failing: withLora('"target_modules": ["q_proj", ‹3›]'),
    passing: withLora('"target_modules": ["q_proj", "v_proj"]'),
    path: 'lora.target_modules[1]',
  },
  {
    code: 'unknown-value',
    failing: withTraining('"lr_scheduler_type": ‹"cosin"›'),
    passing: withTraining('"lr_scheduler_type": "cosine"'),
    says: /Did you mean "cosine"\?/,
  },
  {
    code: 'unknown-value',
    failing: withLora('"init_lora_weights": ‹"pissa_niter_0"›'),
    passing: withLora('"init_lora_weights": "pissa_niter_4"'),
    says: /"pissa_niter_16"/,
  },
  { code: 'unknown-value', failing: withTop('"name": ‹"../a"›'), passing: withTop('"name": "a"'), says: /folder/ },
  { code: 'out-of-range', failing: withLora('"r": ‹0›'), passing: withLora('"r": 2'), says: /at least 1, but is 0/ },
  {
    code: 'out-of-range',
    failing: withLora('"lora_alpha": ‹-16›'),
    passing: withLora('"lora_alpha": 16'),
    says: /more than 0, but is -16/,
  },
  { code: 'out-of-range', failing: withLora('"lora_dropout": ‹1›'), passing: withLora('"lora_dropout": 0.1') },
  { code: 'out-of-range', failing: withLora('"lora_dropout": ‹-0.1›'), passing: withLora('"lora_dropout": 0') },
  {
    code: 'out-of-range',
    failing: withTraining('"learning_rate": ‹1e999›'),
    passing: withTraining('"learning_rate": 1e-4'),
    says: /finite/,
  },
  {
    code: 'out-of-range',
    failing: withLora('"rank_pattern": { "q_proj": ‹0› }'),
    passing: withLora('"rank_pattern": { "q_proj": 4 }'),
    path: 'lora.rank_pattern.q_proj',
  },
  { code: 'empty-value', failing: withLora('"target_modules": ‹[]›'), passing: withLora('"target_modules": null') },
  {
    code: 'empty-value',
    failing: '{ "base_model": ‹""›, "dataset": { "path": "d.jsonl" } }',
    passing: withTop(''),
    path: 'base_model',
  },
];

const notBuiltFixtures: readonly ProblemFixture[] = [
  { code: 'not-built-yet', failing: withTop('"task_type": ‹"SEQ_CLS"›'), passing: withTop('"task_type": "CAUSAL_LM"') },
  { code: 'not-built-yet', failing: withLora('"use_dora": ‹true›'), passing: withLora('"use_dora": false') },
  {
    code: 'not-built-yet',
    failing: withLora('"init_lora_weights": ‹"loftq"›'),
    passing: withLora('"init_lora_weights": "olora"'),
  },
  {
    code: 'not-built-yet',
    failing: withDataset('"format": ‹"image-folder"›'),
    passing: withDataset('"format": "messages"'),
  },
  {
    code: 'not-built-yet',
    failing: withTop('"method": "full", "engine": { "quantization": ‹"nf4"› }'),
    passing: withTop('"engine": { "quantization": "nf4" }'),
  },
];

const targetFixtures: readonly ProblemFixture[] = [
  {
    code: 'regex-in-list',
    failing: withLora(String.raw`"target_modules": ["q_proj", ‹".*\\.v_proj"›]`),
    passing: withLora(String.raw`"target_modules": "((.*\\.)?q_proj)|(.*\\.v_proj)"`),
    says: /Write one text without brackets/,
    path: 'lora.target_modules[1]',
  },
  {
    code: 'regex-in-list',
    failing: withLora('"modules_to_save": [‹"lm_head$"›]'),
    passing: withLora('"modules_to_save": ["lm_head"]'),
  },
  {
    code: 'all-linear-in-list',
    failing: withLora('"target_modules": [‹"all-linear"›]'),
    passing: withLora('"target_modules": "all-linear"'),
  },
  {
    code: 'invalid-pattern',
    failing: withLora(String.raw`"target_modules": ".*\\.‹(?>q|v)_proj›"`),
    passing: withLora(String.raw`"target_modules": ".*\\.(q|v)_proj"`),
    says: /atomic/,
  },
  {
    code: 'invalid-pattern',
    failing: withLora('"rank_pattern": { "q‹(›": 4 }'),
    passing: withLora('"rank_pattern": { "q(_proj)?": 4 }'),
  },
  {
    code: 'layers-need-target-list',
    failing: withLora('"target_modules": "all-linear", "layers_to_transform": ‹[0, 1]›'),
    passing: withLora('"target_modules": ["q_proj"], "layers_to_transform": [0, 1]'),
  },
  {
    code: 'target-also-saved',
    failing: withLora('"target_modules": ["q_proj", ‹"lm_head"›], "modules_to_save": ["lm_head"]'),
    passing: withLora('"target_modules": ["q_proj"], "modules_to_save": ["lm_head"]'),
  },
  {
    code: 'target-excluded',
    failing: withLora('"target_modules": ["q_proj", ‹"v_proj"›], "exclude_modules": ["v_proj"]'),
    passing: withLora('"target_modules": ["q_proj", "v_proj"], "exclude_modules": ["layers.0.self_attn.v_proj"]'),
  },
];

const trainingFixtures: readonly ProblemFixture[] = [
  {
    code: 'warmup-twice',
    failing: withTraining('"warmup_ratio": 0.1, "warmup_steps": ‹10›'),
    passing: withTraining('"warmup_steps": 10'),
  },
  {
    code: 'warmup-twice',
    failing: withTraining('"warmup_steps": ‹10›, "warmup_ratio": 0.1'),
    passing: withTraining('"warmup_steps": 0, "warmup_ratio": 0.1'),
  },
  {
    code: 'warmup-without-effect',
    failing: withTraining('"lr_scheduler_type": "constant", "warmup_steps": ‹5›'),
    passing: withTraining('"lr_scheduler_type": "constant_with_warmup", "warmup_steps": 5'),
  },
  {
    code: 'early-stopping-without-evaluation',
    failing: withTraining('"num_train_epochs": 1, "early_stopping_patience": ‹3›', ', "eval_split": 0'),
    passing: withTraining(
      '"num_train_epochs": 1, "early_stopping_patience": 3',
      ', "eval_split": 0, "eval_path": "e.jsonl"',
    ),
  },
  {
    code: 'best-model-without-evaluation',
    failing: withTraining('"max_steps": 9, "load_best_model_at_end": ‹true›', ', "eval_split": 0'),
    passing: withTraining('"max_steps": 9, "load_best_model_at_end": true'),
  },
  {
    code: 'best-model-never-saved',
    failing: withTraining('"load_best_model_at_end": true, "eval_steps": 20, "save_steps": ‹30›'),
    passing: withTraining('"load_best_model_at_end": true, "eval_steps": 20, "save_steps": 40'),
  },
  { code: 'no-steps', failing: withTraining('"max_steps": ‹0›'), passing: withTraining('"max_steps": -1') },
  {
    code: 'unusual-alpha',
    failing: withLora('"r": 4, "lora_alpha": ‹64›'),
    passing: withLora('"r": 4, "lora_alpha": 32'),
  },
  {
    code: 'unusual-alpha',
    failing: withLora('"r": ‹128›'),
    passing: withLora('"r": 128, "use_rslora": true'),
    says: /hardly counts/,
  },
  { code: 'high-dropout', failing: withLora('"lora_dropout": ‹0.5›'), passing: withLora('"lora_dropout": 0.4') },
  {
    code: 'unusual-learning-rate',
    failing: withTraining('"learning_rate": ‹0.05›'),
    passing: withTraining('"learning_rate": 0.001'),
    says: /NaN/,
  },
  {
    code: 'lora-without-effect',
    failing: withTop('"method": "full", "lora": ‹{ "r": 4 }›'),
    passing: withTop('"method": "full"'),
  },
  {
    code: 'init-without-effect',
    failing: withLora('"init_from": "adapters/a", "init_lora_weights": ‹"pissa"›'),
    passing: withLora('"init_from": "adapters/a"'),
  },
];

const datasetFixtures: readonly ProblemFixture[] = [
  { code: 'no-evaluation', failing: withDataset('"eval_split": ‹0›'), passing: withDataset('"eval_split": 0.1') },
  {
    code: 'eval-split-without-effect',
    failing: withDataset('"eval_path": "e.jsonl", "eval_split": ‹0.1›'),
    passing: withDataset('"eval_path": "e.jsonl"'),
  },
  {
    code: 'evaluates-training-data',
    failing: withDataset('"eval_path": ‹"./d.jsonl"›'),
    passing: withDataset('"eval_path": "e.jsonl"'),
  },
  {
    code: 'column-without-effect',
    failing: withDataset('"format": "alpaca", "columns": { ‹"prompt"›: "question" }'),
    passing: withDataset('"format": "prompt-completion", "columns": { "prompt": "question" }'),
  },
  {
    code: 'output-overwrites-input',
    failing: withTop('"output": ‹"./m/"›'),
    passing: withTop('"output": "adapters/m"'),
  },
  {
    code: 'deploy-target',
    failing: withTop('"deploy_to": "vllm", "lora": { "r": ‹32› }'),
    passing: withTop('"deploy_to": "vllm", "lora": { "r": 16 }'),
    says: /--max-lora-rank 32/,
  },
  {
    code: 'deploy-target',
    failing: withTop('"deploy_to": "ollama", "lora": { "modules_to_save": ‹["lm_head"]› }'),
    passing: withTop('"deploy_to": "ollama", "lora": { "modules_to_save": [] }'),
  },
  {
    code: 'deploy-target',
    failing: withTop('"deploy_to": "gguf", "lora": { "bias": ‹"all"› }'),
    passing: withTop('"deploy_to": "peft", "lora": { "bias": "all" }'),
  },
];

export const problemFixtures: readonly ProblemFixture[] = [
  ...syntaxFixtures,
  ...schemaFixtures,
  ...notBuiltFixtures,
  ...targetFixtures,
  ...trainingFixtures,
  ...datasetFixtures,
];
