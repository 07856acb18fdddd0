import { as, experimentService, implied, opposite, quantized, schedule, without } from '../rules';
import { isTable, textOf } from '../source';
import type { Rule, Rules, Translation } from '../translation';

/** A folder with train.jsonl and valid.jsonl, or a dataset of the hub. */
const data: Rule = (setting, translation) => {
  const folder = textOf(setting.value).replace(/\/+$/, '');
  const isHub = /^[\w.-]+\/[\w.-]+$/.test(folder) && !/^(\.|data\/|datasets?\/)/.test(folder);
  if (isHub) {
    translation.kept.push({
      key: setting.key,
      value: setting.value,
      line: setting.line,
      to: 'dataset.path',
      written: 'data/train.jsonl',
    });
    translation.leaveToFill(
      'dataset.path',
      'data/train.jsonl',
      `${JSON.stringify(folder)} is a folder or a dataset of the Hugging Face hub; name its file here.`,
    );
    return;
  }
  translation.keep(setting, 'dataset.path', `${folder}/train.jsonl`);
  translation.assume('dataset.eval_path', `${folder}/valid.jsonl`, 'MLX-LM measures on valid.jsonl of the same folder');
};

const fineTuneType: Rule = (setting, translation) => {
  if (setting.value === 'lora') translation.imply(setting);
  else if (setting.value === 'dora') translation.keep(setting, 'lora.use_dora', true);
  else translation.keep(setting, 'method', 'full');
};

/** `scale` is what the adapter's output is multiplied by: lora_alpha / r. */
const loraParameters: Rule = (setting, translation) => {
  const rank = Number(setting.members.find(({ name }) => name === 'rank')?.value ?? 8);
  for (const member of setting.members) {
    if (member.name === 'rank') translation.keep(member, 'lora.r');
    else if (member.name === 'dropout') translation.keep(member, 'lora.lora_dropout');
    else if (member.name === 'keys') translation.keep(member, 'lora.target_modules');
    else if (member.name === 'scale') {
      translation.keep(
        member,
        'lora.lora_alpha',
        Number(member.value) * rank,
        `${textOf(member.value)} times the rank`,
      );
    } else if (member.name === 'alpha' && !setting.members.some(({ name }) => name === 'scale')) {
      translation.keep(member, 'lora.lora_alpha');
    } else translation.drop(member, 'MLX-LM does not use it beside `scale`.', undefined);
  }
};

/** `{ name, warmup, arguments: [peak, steps, end] }` */
const learningRateSchedule: Rule = (setting, translation) => {
  for (const member of setting.members) {
    if (member.name === 'name') schedule(member, translation);
    else if (member.name === 'warmup') translation.keep(member, 'training.warmup_steps');
    else if (member.name === 'arguments') {
      const [peak] = Array.isArray(member.value) ? (member.value as readonly unknown[]) : [];
      if (typeof peak === 'number')
        translation.keep(member, 'training.learning_rate', peak, 'the schedule starts there');
      else translation.drop(member, 'It holds no learning rate.', 'Write `training.learning_rate`.');
    } else without('The warm-up rises from 0.', undefined, 0)(member, translation);
  }
};

const optimizerConfig: Rule = (setting, translation) => {
  const chosen = textOf(translation.valueOf('optimizer') ?? 'adam').toLowerCase();
  for (const optimizer of setting.members) {
    if (optimizer.name !== chosen || !isTable(optimizer.value)) {
      translation.imply(optimizer);
      continue;
    }
    for (const member of optimizer.members) {
      if (member.name === 'weight_decay') translation.keep(member, 'training.weight_decay');
      else if (member.name === 'eps') translation.keep(member, 'training.adam_epsilon');
      else if (member.name === 'betas' && member.members.length === 2) {
        translation.keep(member.members[0]!, 'training.adam_beta1');
        translation.keep(member.members[1]!, 'training.adam_beta2');
      } else without('AdamW corrects its start as PyTorch does.', undefined, true)(member, translation);
    }
  }
};

const hubDataset: Rule = (setting, translation) => {
  const member = (name: string): (typeof setting.members)[number] | undefined =>
    setting.members.find((inner) => inner.name === name);
  translation.leaveToFill(
    'dataset.path',
    'data/train.jsonl',
    `${JSON.stringify(member('name')?.value ?? member('path')?.value ?? '')} is a dataset of the Hugging Face hub. Download it and name its file here.`,
  );
  const columns: Record<string, string> = {};
  const roles: Readonly<Record<string, string>> = {
    prompt_feature: 'prompt',
    completion_feature: 'completion',
    text_feature: 'text',
    chat_feature: 'messages',
  };
  for (const inner of setting.members) {
    const role = Object.hasOwn(roles, inner.name) ? roles[inner.name] : undefined;
    if (role !== undefined) columns[role] = textOf(inner.value);
    else if (/^(path|name)$/.test(inner.name))
      translation.kept.push({
        key: inner.key,
        value: inner.value,
        line: inner.line,
        to: 'dataset.path',
        written: 'data/train.jsonl',
      });
    else translation.drop(inner, 'A recipe reads one file, whole.', 'Make a file of the rows that you want.');
  }
  const source = setting.members.find(({ name }) => Object.hasOwn(roles, name));
  if (source !== undefined) translation.keep(source, 'dataset.columns', columns);
  for (const { name, key, value, line } of setting.members) {
    if (Object.hasOwn(roles, name) && name !== source?.name)
      translation.kept.push({ key, value, line, to: 'dataset.columns', written: columns });
  }
};

const service = without(...experimentService);
const testing = without(
  'A run only trains and measures.',
  'Use `lora evaluate` with the test file afterwards.',
  false,
  500,
  100,
);

export const mlxRules: Rules = {
  model: as('base_model'),
  train: implied,
  fine_tune_type: fineTuneType,
  training_mode: implied,
  optimizer(setting, translation) {
    if (/^adamw?$/i.test(textOf(setting.value))) translation.imply(setting);
    else translation.drop(setting, 'AdamW in 32 bits always trains.', 'Choose the learning rate anew.');
  },
  optimizer_config: optimizerConfig,
  data,
  seed: as('training.seed'),
  num_layers(setting, translation) {
    if (setting.value === -1) {
      translation.imply(setting);
      return;
    }
    translation.drop(
      setting,
      'It counts layers from the end of the model, and the file does not say how many there are.',
      'List their numbers in `lora.layers_to_transform`, with names in `lora.target_modules`; without it all layers are adapted.',
    );
  },
  batch_size: as('training.per_device_train_batch_size'),
  grad_accumulation_steps: as('training.gradient_accumulation_steps'),
  iters: as('training.max_steps'),
  val_batches: without('The whole evaluation set is measured, at most a thousand rows.', undefined, -1),
  learning_rate: as('training.learning_rate'),
  steps_per_report: as('training.logging_steps'),
  steps_per_eval: as('training.eval_steps'),
  resume_adapter_file: without(
    "MLX-LM's adapters are files of another format.",
    'Convert the adapter to PEFT first, then name its folder in `lora.init_from`.',
  ),
  adapter_path: as('output'),
  save_every: as('training.save_steps'),
  test: testing,
  test_batches: testing,
  max_seq_length: as('dataset.max_length'),
  grad_checkpoint: as('training.gradient_checkpointing'),
  clear_cache_threshold: implied,
  lora_parameters: loraParameters,
  lr_schedule: learningRateSchedule,
  hf_dataset: hubDataset,
  mask_prompt: as('dataset.completion_only_loss'),
  wandb: service,
  report_to: service,
  project_name: service,
  config: without('The settings in that file are not looked at here.', 'Convert that file too and put both together.'),
  c: without('The settings in that file are not looked at here.', 'Convert that file too and put both together.'),
  load_in_4bit: quantized(4),
  no_shuffle: opposite('dataset.shuffle'),
};

export function finishMlx(translation: Translation): void {
  const comment = "MLX-LM's default";
  if (translation.written.get('method')?.value !== 'full') {
    const rank = Number(translation.written.get('lora.r')?.value ?? 8);
    translation.assume('lora.lora_alpha', rank * 20, `${comment}: 20 times the rank`);
    translation.assume('lora.lora_dropout', 0, comment);
    translation.assume('lora.target_modules', 'all-linear', comment);
    if (translation.valueOf('num_layers') === undefined) {
      translation.assume(
        'lora.layers_to_transform',
        null,
        'MLX-LM adapts the last 16 layers unless num_layers says otherwise',
      );
    }
  }
  translation.assume('dataset.max_length', 2048, comment);
  translation.assume('dataset.completion_only_loss', false, comment);
  translation.assume('training.max_steps', 1000, comment);
  translation.assume('training.learning_rate', 1e-5, comment);
  translation.assume('training.lr_scheduler_type', 'constant', comment);
  if (!translation.written.has('training.warmup_steps')) translation.assume('training.warmup_ratio', 0, comment);
  translation.assume('training.max_grad_norm', 0, 'MLX-LM does not clip');
}
