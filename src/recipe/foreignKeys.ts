import { peftField } from './peftFields';
import { dottedPath, recipeSchema, type JsonPath } from './schema';

/** What other tools and everyday language call our keys. */
const otherNames: Readonly<Record<string, string>> = {
  rank: 'lora.r',
  lora_r: 'lora.r',
  lora_rank: 'lora.r',
  alpha: 'lora.lora_alpha',
  dropout: 'lora.lora_dropout',
  lora_target: 'lora.target_modules',
  lora_target_modules: 'lora.target_modules',
  targets: 'lora.target_modules',
  modules: 'lora.target_modules',
  lora_bias: 'lora.bias',
  init_lora: 'lora.init_lora_weights',
  model: 'base_model',
  model_name_or_path: 'base_model',
  base_model_name_or_path: 'base_model',
  data: 'dataset.path',
  data_path: 'dataset.path',
  train_file: 'dataset.path',
  dataset_path: 'dataset.path',
  validation_file: 'dataset.eval_path',
  eval_dataset: 'dataset.eval_path',
  val_set_size: 'dataset.eval_split',
  val_size: 'dataset.eval_split',
  validation_split: 'dataset.eval_split',
  cutoff_len: 'dataset.max_length',
  max_seq_length: 'dataset.max_length',
  max_seq_len: 'dataset.max_length',
  sequence_len: 'dataset.max_length',
  sample_packing: 'dataset.packing',
  chat_template: 'dataset.template',
  column_mapping: 'dataset.columns',
  epochs: 'training.num_train_epochs',
  num_epochs: 'training.num_train_epochs',
  steps: 'training.max_steps',
  iters: 'training.max_steps',
  batch_size: 'training.per_device_train_batch_size',
  micro_batch_size: 'training.per_device_train_batch_size',
  train_batch_size: 'training.per_device_train_batch_size',
  eval_batch_size: 'training.per_device_eval_batch_size',
  grad_accumulation_steps: 'training.gradient_accumulation_steps',
  lr: 'training.learning_rate',
  lr_scheduler: 'training.lr_scheduler_type',
  scheduler: 'training.lr_scheduler_type',
  warmup: 'training.warmup_steps',
  clip_grad_norm: 'training.max_grad_norm',
  early_stopping: 'training.early_stopping_patience',
  output_dir: 'output',
  adapter_path: 'output',
  backend: 'engine.runtime',
  dtype: 'engine.precision',
  load_in_4bit: 'engine.quantization',
  load_in_8bit: 'engine.quantization',
};

/** Every key's dotted path, by its last word; no key stands in two sections. */
const ownKeys = new Map(
  Object.entries(recipeSchema.properties ?? {}).flatMap(([key, section]) => [
    [key, key] as const,
    ...(section.default === undefined ? Object.keys(section.properties ?? {}) : []).map(
      (inner) => [inner, `${key}.${inner}`] as const,
    ),
  ]),
);

/** Where the value of an unknown key belongs, when it is one of ours in the wrong place or another tool's name. */
export function homeOfKey(key: string): JsonPath | undefined {
  const other = Object.hasOwn(otherNames, key) ? otherNames[key] : peftField(key)?.key;
  const home = ownKeys.get(key) ?? other;
  return home?.split('.');
}

/**
 * What to do about an unknown key that is one of ours in the wrong place, another tool's name for one of ours, or a field of
 * PEFT, Transformers or TRL that a recipe does without.
 */
export function keyFromElsewhere(key: string, path: readonly (string | number)[]): string | undefined {
  const own = ownKeys.get(key);
  const section = dottedPath(path);
  if (own !== undefined) {
    const home = own.includes('.') ? `inside \`${own.split('.')[0]!}\`` : 'at the top of the recipe';
    return `It belongs ${home}.`;
  }
  const field = peftField(key);
  const meant = Object.hasOwn(otherNames, key) ? otherNames[key]! : field?.key;
  if (meant === undefined) return field && `${field.why} ${field.instead ?? 'Delete it.'}`;
  const isHere = section === meant.split('.').slice(0, -1).join('.');
  return `It is called \`${isHere ? meant.split('.').at(-1)! : meant}\` here.`;
}
