import type { JsonValue } from '../schema';
import type { Tool } from './conversion';
import { looksLikeCommands, readCommandLine } from './readers/commandLine';
import { looksLikePython, readPythonScript } from './readers/pythonScript';
import { readJson, readYaml, type SettingsFile } from './readers/settingsFile';
import { isTable, textOf, unreadable, type Setting, type Source } from './source';

/** Keys of which each belongs to one tool only. */
const ownKeys: readonly { readonly tool: Tool; readonly keys: readonly string[] }[] = [
  { tool: 'peft', keys: ['peft_type', 'base_model_name_or_path', 'peft_version', 'inference_mode'] },
  {
    tool: 'mlx-lm',
    keys: [
      'lora_parameters',
      'fine_tune_type',
      'num_layers',
      'iters',
      'steps_per_eval',
      'steps_per_report',
      'val_batches',
      'adapter_path',
      'resume_adapter_file',
      'grad_checkpoint',
      'mask_prompt',
      'hf_dataset',
    ],
  },
  {
    tool: 'llama-factory',
    keys: [
      'stage',
      'finetuning_type',
      'lora_rank',
      'lora_target',
      'cutoff_len',
      'template',
      'dataset_dir',
      'preprocessing_num_workers',
      'overwrite_cache',
      'plot_loss',
      'val_size',
      'adapter_name_or_path',
      'quantization_bit',
    ],
  },
  {
    tool: 'axolotl',
    keys: [
      'base_model',
      'sequence_len',
      'micro_batch_size',
      'adapter',
      'sample_packing',
      'lora_target_linear',
      'val_set_size',
      'num_epochs',
      'dataset_prepared_path',
      'train_on_inputs',
      'lora_model_dir',
      'pad_to_sequence_len',
      'flash_attention',
      'pretraining_dataset',
    ],
  },
  {
    tool: 'trl',
    keys: [
      'use_peft',
      'dataset_name',
      'dataset_config',
      'lora_target_modules',
      'lora_task_type',
      'completion_only_loss',
      'assistant_only_loss',
      'max_seq_length',
      'packing_strategy',
      'dataset_text_field',
      'attn_implementation',
      'lora_r',
      'dataset_train_split',
      'script_args',
      'per_device_train_batch_size',
      'num_train_epochs',
    ],
  },
];

/** Reads the settings of a text and finds out whose they are. Never throws. */
export function readSource(text: string): Source {
  const plain = text.replace(/^\uFEFF/, '');
  if (plain.trim() === '') return unreadable('The file is empty.');
  if (/^\s*\{/.test(plain)) return fromFile(readJson(plain), 'JSON');
  if (looksLikePython(plain)) return readPythonScript(plain);
  if (/^#!.*sh\b/.test(plain) || looksLikeCommands(plain)) return named(readCommandLine(plain));
  if (/^(import|from) \w/m.test(plain)) {
    return unreadable(
      'This script calls none of LoraConfig, SFTConfig, TrainingArguments, SFTTrainer and get_peft_model.',
    );
  }
  return fromFile(readYaml(plain), 'YAML');
}

function fromFile({ settings, problems }: SettingsFile, language: string): Source {
  if (problems.length > 0) return { tool: undefined, settings: [], problems };
  if (settings === undefined)
    return unreadable(`These are no settings: a ${language} file of a training tool has keys at its top.`);
  return named({ tool: undefined, settings, problems: [] });
}

/** With its tool, found by the keys that are there. */
function named(source: Source): Source {
  if (source.tool !== undefined || source.problems.length > 0) return source;
  const { settings } = source;
  if (isRecipe(settings)) return unreadable('This is a LoRA recipe already.');
  const wrongTask = notSupervised(settings);
  if (wrongTask !== undefined) return wrongTask;
  const tool = toolOf(settings);
  if (tool !== undefined) return { ...source, tool };
  return unreadable(
    'No known training tool has such settings. What can be converted: adapter_config.json of PEFT, configurations of Axolotl, LLaMA-Factory, TRL and MLX-LM, their command lines, and Python scripts with LoraConfig(…).',
  );
}

function toolOf(settings: readonly Setting[]): Tool | undefined {
  const names = new Set(settings.map(({ name }) => name));
  const scores = ownKeys.map(({ tool, keys }) => ({ tool, score: keys.filter((key) => names.has(key)).length }));
  const best = scores.reduce((a, b) => (b.score > a.score ? b : a));
  if (best.score > 0) return best.tool;
  return undefined;
}

function isRecipe(settings: readonly Setting[]): boolean {
  const value = (name: string): JsonValue | undefined => settings.find((setting) => setting.name === name)?.value;
  return typeof value('base_model') === 'string' && isTable(value('dataset'));
}

/** An adapter of another kind, or learning from preferences: nothing of it could be taken over. */
function notSupervised(settings: readonly Setting[]): Source | undefined {
  const peftType = settings.find(({ name }) => name === 'peft_type');
  if (peftType !== undefined && peftType.value !== 'LORA') {
    return unreadable(
      `This adapter is of the kind ${JSON.stringify(peftType.value)}; a recipe trains LoRA.`,
      peftType.line,
    );
  }
  const stage = settings.find(({ name }) => name === 'stage' || name === 'rl' || name === 'training_mode');
  const learns: readonly JsonValue[] = ['sft', 'pt', 'normal', '', null, false];
  if (stage === undefined || learns.includes(stage.value)) return undefined;
  return unreadable(
    `\`${stage.name}: ${textOf(stage.value)}\` learns from preferences or rewards; a recipe learns from examples (supervised fine-tuning).`,
    stage.line,
  );
}
