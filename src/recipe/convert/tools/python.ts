import { textOf, type Setting } from '../source';
import { takeDataset } from '../datasets';
import { as, implied, prefixed, quantized, without } from '../rules';
import type { Rule, Rules, Translation } from '../translation';
import { assumeLoraDefaults, loraRules } from './peft';
import { sftRules, trainerRules } from './trainer';
import { finishTrainer } from './trl';

/** `load_dataset("owner/name")` or `load_dataset("json", data_files="train.jsonl")`. */
const loadedFrom: Rule = (setting, translation) => {
  const isKind = /^(json|csv|parquet|text)$/.test(textOf(setting.value));
  if (isKind || translation.written.has('dataset.path')) translation.imply(setting);
  else takeDataset(setting, translation);
};

const dataFiles: Rule = (setting, translation) => {
  const { value } = setting;
  const [file] = Array.isArray(value)
    ? (value as readonly string[])
    : typeof value === 'object' && value !== null
      ? Object.values(value)
      : [value];
  takeDataset({ ...setting, value: file ?? '' }, translation);
};

const model: Rules = {
  model_name: as('base_model'),
  pretrained_model_name_or_path: as('base_model'),
  max_seq_length: as('dataset.max_length'),
  load_in_4bit: quantized(4),
  load_in_8bit: quantized(8),
  trust_remote_code: implied,
  device_map: implied,
  token: implied,
  full_finetuning(setting, translation) {
    if (setting.value === true) translation.keep(setting, 'method', 'full');
    else translation.imply(setting);
  },
  dtype: trainerRules['torch_dtype']!,
  torch_dtype: trainerRules['torch_dtype']!,
  attn_implementation: implied,
};

/** Unsloth's get_peft_model takes LoraConfig's names and a few of its own. */
const getPeftModel: Rules = {
  ...loraRules,
  random_state: as('training.seed'),
  use_gradient_checkpointing(setting, translation) {
    if (typeof setting.value === 'boolean') translation.keep(setting, 'training.gradient_checkpointing');
    else translation.keep(setting, 'training.gradient_checkpointing', true, `"${textOf(setting.value)}"`);
  },
  max_seq_length: as('dataset.max_length'),
  finetune_vision_layers: implied,
  finetune_language_layers: implied,
  finetune_attention_modules: implied,
  finetune_mlp_modules: implied,
};

const trainer: Rules = {
  max_seq_length: as('dataset.max_length'),
  packing: as('dataset.packing'),
  dataset_text_field: sftRules['dataset_text_field']!,
  dataset_num_proc: implied,
};

const wholeFile = without('A recipe reads one file, whole.', 'Make a file of the rows that you want.', 'train');

export const pythonRules: Rules = {
  ...prefixed('LoraConfig.', loraRules),
  ...prefixed('get_peft_model.', getPeftModel),
  ...prefixed('TrainingArguments.', trainerRules),
  ...prefixed('SFTConfig.', sftRules),
  ...prefixed('SFTTrainer.', trainer),
  ...prefixed('from_pretrained.', model),
  ...prefixed('BitsAndBytesConfig.', {
    load_in_4bit: quantized(4),
    load_in_8bit: quantized(8),
    bnb_4bit_quant_type: implied,
    bnb_4bit_use_double_quant: implied,
  }),
  ...prefixed('load_dataset.', {
    path: loadedFrom,
    data_files: dataFiles,
    split: wholeFile,
    name: wholeFile,
    streaming: implied,
  }),
  ...prefixed('train_on_responses_only.', {
    instruction_part: (setting, translation) =>
      translation.keep(setting, 'dataset.completion_only_loss', true, 'train_on_responses_only'),
    response_part: implied,
  }),
};

/** Arguments that hand objects from one call to the next; no settings. */
const handedOn =
  /^(SFTTrainer|get_peft_model|train_on_responses_only)\.(model|tokenizer|processing_class|train_dataset|eval_dataset|args|data_collator|peft_config|callbacks|formatting_func|compute_metrics|optimizers|trainer)$|^from_pretrained\.(quantization_config|config|cache_dir)$|^BitsAndBytesConfig\.bnb_4bit_(compute_dtype|quant_storage)$/;

export function isHandedOn({ name, value, isComputed }: Setting): boolean {
  return (
    handedOn.test(name) || (isComputed === true && name.endsWith('.task_type') && textOf(value).endsWith('.CAUSAL_LM'))
  );
}

export function finishPython(translation: Translation, calls: ReadonlySet<string>): void {
  if (calls.has('LoraConfig') || calls.has('get_peft_model')) assumeLoraDefaults(translation);
  else if (calls.has('SFTConfig') || calls.has('TrainingArguments')) {
    translation.assume('method', 'full', 'without a LoraConfig every weight is trained');
  }
  if (calls.has('SFTConfig')) finishTrainer(translation, "TRL's", 2e-5);
  else if (calls.has('TrainingArguments')) finishTrainer(translation, "Transformers'");
}
