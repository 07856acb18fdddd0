import type { JsonValue } from '../../schema';
import { textOf } from '../source';
import { isFilePath, takeDataset } from '../datasets';
import { as, evaluationShare, implied, opposite, severalDevices, targets, without, experimentService } from '../rules';
import type { Setting } from '../source';
import type { Rule, Rules, Translation } from '../translation';
import { assumeTrainerDefaults, modelRules, trainerRules } from './trainer';

function dataset(to: string): Rule {
  return (setting, translation) => {
    const { value } = setting;
    const names = (Array.isArray(value) ? (value as readonly JsonValue[]).map(textOf) : textOf(value).split(',')).map(
      (name) => name.trim(),
    );
    const [first = '', ...others] = names;
    const named: Setting = { ...setting, value: first };
    if (isFilePath(first) || first.includes('/')) takeDataset(named, translation, to);
    else {
      const folder = textOf(translation.valueOf('dataset_dir') ?? 'data');
      const stand = `${folder}/${first.replaceAll(/[^\w.-]/g, '-')}.json`;
      translation.kept.push({ key: setting.key, value: setting.value, line: setting.line, to, written: stand });
      translation.leaveToFill(
        to,
        stand,
        `${JSON.stringify(first)} is an entry of LLaMA-Factory's dataset_info.json, which names its file and columns.`,
      );
    }
    if (others.length > 0)
      translation.drop(
        { ...setting, value: others.join(',') },
        'A recipe reads one file.',
        'Put the rows of all datasets into one file.',
      );
  };
}

const finetuningType: Rule = (setting, translation) => {
  if (setting.value === 'lora') translation.imply(setting);
  else if (setting.value === 'full') translation.keep(setting, 'method', 'full');
  else
    translation.drop(
      setting,
      `Fine-tuning of the kind "${textOf(setting.value)}" is not built.`,
      'LoRA is written in its place.',
    );
};

const pissa: Rule = (setting, translation) => {
  if (setting.value !== true) {
    translation.imply(setting);
    return;
  }
  const rounds = Number(translation.valueOf('pissa_iter') ?? 16);
  translation.keep(setting, 'lora.init_lora_weights', rounds > 0 ? `pissa_niter_${rounds}` : 'pissa');
};

const quantizationBit: Rule = (setting, translation) =>
  translation.keep(
    setting,
    'engine.quantization',
    textOf(setting.value) === '4' ? 'nf4' : `int${textOf(setting.value)}`,
  );

const stage: Rule = (setting, translation) => {
  if (setting.value === 'pt') translation.keep(setting, 'dataset.format', 'text');
  else translation.imply(setting);
};

const off = [false] as const;
const cache = without('Tokens are made anew in every run, while it trains.', undefined, true, false);
const quantizedOnly = without(
  '`engine.quantization` alone says how the base model is quantized; scales are kept in single precision.',
  undefined,
  'bnb',
  'nf4',
  true,
  false,
  'auto',
);
const otherMethod = without('It belongs to a way of training other than LoRA.', undefined, false);
const preferences = without('It belongs to learning from preferences, which is not built.', undefined);
const pictures = without('It belongs to models that see or hear, which are not supported.', undefined, true, false);
const serving = without(
  'It only counts when a model answers, not when it learns.',
  undefined,
  false,
  true,
  'huggingface',
  'hf',
  'auto',
);
const speed = without(
  'It makes GPUs faster and changes no number.',
  undefined,
  true,
  false,
  'auto',
  'disabled',
  'sdpa',
  'fa2',
  'fa3',
);

/** Families of keys that are answered alike. */
const families: readonly { readonly keys: string; readonly rule: Rule }[] = [
  {
    keys: 'use_swanlab swanlab_project swanlab_workspace swanlab_run_name swanlab_mode swanlab_api_key swanlab_logdir swanlab_lark_webhook_url swanlab_lark_secret',
    rule: without(...experimentService, false),
  },
  {
    keys: 'use_galore galore_target galore_rank galore_update_interval galore_scale galore_proj_type galore_layerwise use_apollo apollo_target apollo_rank apollo_update_interval apollo_scale apollo_proj apollo_proj_type apollo_scale_type apollo_layerwise apollo_scale_front use_badam badam_mode badam_start_block badam_switch_mode badam_switch_interval badam_update_ratio badam_mask_mode badam_verbose use_adam_mini use_muon use_llama_pro freeze_trainable_layers freeze_trainable_modules freeze_extra_modules module_dropout oft_rank oft_block_size oft_target mixture_of_depths train_from_scratch use_dft_loss moe_aux_loss_coef',
    rule: otherMethod,
  },
  {
    keys: 'pref_beta pref_ftx pref_bco_weight pref_loss dpo_label_smoothing kto_chosen_weight kto_rejected_weight simpo_gamma ppo_buffer_size ppo_epochs ppo_score_norm ppo_target ppo_whiten_rewards ref_model ref_model_adapters ref_model_quantization_bit reward_model reward_model_adapters reward_model_quantization_bit reward_model_type ld_alpha',
    rule: preferences,
  },
  {
    keys: 'image_max_pixels image_min_pixels image_do_pan_and_scan crop_to_patches video_max_pixels video_min_pixels video_fps video_maxlen use_audio_in_video audio_sampling_rate freeze_vision_tower freeze_multi_modal_projector freeze_language_model media_dir',
    rule: pictures,
  },
  {
    keys: 'infer_backend infer_dtype offload_folder use_kv_cache vllm_maxlen vllm_gpu_util vllm_enforce_eager vllm_max_lora_rank vllm_config sglang_maxlen sglang_mem_fraction sglang_tp_size sglang_config sglang_lora_backend export_dir export_size export_device export_quantization_bit export_quantization_dataset export_quantization_nsamples export_quantization_maxlen export_legacy_format export_hub_model_id predict_with_generate eval_num_beams max_new_tokens temperature top_p top_k num_beams do_sample repetition_penalty',
    rule: serving,
  },
  { keys: 'quantization_method quantization_type double_quantization quantization_device_map', rule: quantizedOnly },
  {
    keys: 'flash_attn shift_attn use_unsloth use_unsloth_gc enable_liger_kernel use_v1_kernels low_cpu_mem_usage use_reentrant_gc upcast_layernorm upcast_lmhead_output pure_bf16 fp8 fp8_backend fp8_enable_fsdp_float8_all_gather',
    rule: speed,
  },
  {
    keys: 'use_kt kt_optimize_rule cpu_infer chunk_size kt_maxlen kt_use_cuda_graph kt_mode kt_force_think mode use_mca',
    rule: without(...severalDevices, ...off),
  },
  {
    keys: 'preprocessing_batch_size preprocessing_num_workers tokenized_path',
    rule: without('Tokens are made anew in every run, while it trains.', undefined),
  },
  {
    keys: 'hf_hub_token ms_hub_token om_hub_token cache_dir',
    rule: without('Nothing is downloaded: models are found in the local Hugging Face cache.', undefined),
  },
  {
    keys: 'interleave_probs mix_strategy buffer_size',
    rule: without('A recipe reads one file.', 'Mix the rows in the file itself.', 'concat'),
  },
  {
    keys: 'resize_vocab add_tokens add_special_tokens new_special_tokens_config init_special_tokens split_special_tokens',
    rule: without(
      'The tokenizer is used as it is; tokens cannot be added.',
      'Add them to the model folder first.',
      ...off,
    ),
  },
];

export const llamaFactoryRules: Rules = {
  ...trainerRules,
  ...Object.fromEntries(families.flatMap(({ keys, rule }) => keys.split(' ').map((key) => [key, rule]))),
  model_name_or_path: as('base_model'),
  model_revision: modelRules['model_revision']!,
  adapter_name_or_path: as('lora.init_from'),
  create_new_adapter: without(
    '`lora.init_from` goes on with the adapter itself.',
    'Merge the old adapter into the model first, then train a new one.',
    ...off,
  ),
  adapter_folder: without('An adapter is named by its whole path.', 'Write it into `lora.init_from`.'),
  trust_remote_code: implied,
  use_fast_tokenizer: implied,
  rope_scaling: without(
    "The model's positions are used as its config.json says.",
    "Change the model folder's config.json.",
  ),
  print_param_status: implied,
  stage,
  finetuning_type: finetuningType,
  lora_rank: as('lora.r'),
  lora_alpha: as('lora.lora_alpha'),
  lora_dropout: as('lora.lora_dropout'),
  lora_target: targets('all', ','),
  additional_target: as('lora.modules_to_save'),
  use_rslora: as('lora.use_rslora'),
  use_dora: as('lora.use_dora'),
  pissa_init: pissa,
  pissa_iter: (setting, translation) => translation.imply(setting),
  pissa_convert: without('The adapter is stored as it was trained.', undefined, ...off),
  loraplus_lr_ratio: without(
    'A and B have the same learning rate (no LoRA+).',
    'A higher `training.learning_rate` may make up for it.',
  ),
  loraplus_lr_embedding: without('A and B have the same learning rate (no LoRA+).', undefined, 1e-6),
  quantization_bit: quantizationBit,
  disable_gradient_checkpointing(setting, translation) {
    if (setting.value === true) translation.keep(setting, 'training.gradient_checkpointing', false);
    else translation.imply(setting);
  },
  dataset: dataset('dataset.path'),
  eval_dataset: dataset('dataset.eval_path'),
  dataset_dir: (setting, translation) => translation.imply(setting),
  template: without(
    "A chat is written with the model's own chat template.",
    'If the model has none, put its Jinja text into `dataset.template`.',
    'empty',
  ),
  default_system: without('No system message is added to the rows.', 'Add it to the rows, or to `dataset.template`.'),
  tool_format: without("Calls of tools are written by the model's chat template.", undefined),
  enable_thinking: without("The model's chat template decides.", 'Change `dataset.template`.', true),
  cutoff_len: as('dataset.max_length'),
  train_on_prompt: opposite('dataset.completion_only_loss'),
  mask_history: without('All turns of the assistant are learnt.', 'Make each turn a row of its own.', ...off),
  streaming: implied,
  max_samples: without('All rows of the file are used.', 'Make a shorter file, or set `training.max_steps`.'),
  ignore_pad_token_for_loss: without('Padding never enters the loss.', undefined, true),
  val_size: evaluationShare,
  eval_on_each_dataset: without('There is one evaluation set.', 'Use `lora evaluate` with each file.', ...off),
  packing: as('dataset.packing', 'rows that share a line never see each other'),
  neat_packing(setting, translation) {
    if (setting.value === true) translation.keep(setting, 'dataset.packing');
    else translation.imply(setting);
  },
  disable_shuffling: opposite('dataset.shuffle'),
  early_stopping_steps: as('training.early_stopping_patience'),
  compute_accuracy: implied,
  plot_loss: implied,
  include_effective_tokens_per_second: implied,
  overwrite_cache: cache,
};

export function finishLlamaFactory(translation: Translation): void {
  const comment = "LLaMA-Factory's default";
  if (translation.written.get('method')?.value !== 'full') {
    const rank = Number(translation.written.get('lora.r')?.value ?? 8);
    translation.assume('lora.lora_alpha', rank * 2, `${comment}: twice the rank`);
    translation.assume('lora.lora_dropout', 0, comment);
    translation.assume('lora.target_modules', 'all-linear', comment);
  }
  translation.assume('dataset.max_length', 2048, comment);
  translation.assume('dataset.packing', false, comment);
  if (!translation.written.has('dataset.eval_path')) translation.assume('dataset.eval_split', 0, comment);
  assumeTrainerDefaults(translation, "LLaMA-Factory's");
}
