import { textOf } from '../source';
import {
  as,
  evaluationShare,
  experimentService,
  implied,
  opposite,
  quantized,
  schedule,
  severalDevices,
  steps,
  without,
} from '../rules';
import type { Rule, Rules, Translation } from '../translation';
import { testDatasets, trainingDatasets } from './axolotlDatasets';
import { loraRules } from './peft';
import { trainerRules } from './trainer';

const loraAnswer = (field: string): Rule => loraRules[field]!;

const adapter: Rule = (setting, translation) => {
  const { value } = setting;
  const isQuantized = translation.valueOf('load_in_4bit') === true;
  if (value === 'lora' || (value === 'qlora' && isQuantized)) translation.imply(setting);
  else if (value === 'qlora') translation.keep(setting, 'engine.quantization', 'nf4');
  else
    translation.drop(
      setting,
      `An adapter of the kind "${textOf(value)}" is not built.`,
      'LoRA is written in its place.',
    );
};

/** Rows in a step: Axolotl also takes the total instead of the accumulation. */
const totalBatch: Rule = (setting, translation) => {
  const micro = Number(translation.valueOf('micro_batch_size') ?? 1);
  const accumulated = Number(setting.value) / micro;
  if (Number.isInteger(accumulated) && accumulated >= 1) {
    translation.keep(
      setting,
      'training.gradient_accumulation_steps',
      accumulated,
      `${textOf(setting.value)} rows in a step`,
    );
  } else
    translation.drop(
      setting,
      'It is no multiple of micro_batch_size.',
      'Write `training.gradient_accumulation_steps`.',
    );
};

const targetModules: Rule = (setting, translation) => {
  if (translation.valueOf('lora_target_linear') === true) translation.imply(setting);
  else translation.keep(setting, 'lora.target_modules');
};

const perEpoch = (to: string): Rule =>
  without(
    'How often in an epoch cannot be given, only every how many steps.',
    `\`lora plan\` says how many steps an epoch has: divide and write \`${to}\`.`,
  );

const chatTemplate = without(
  "A chat is written with the model's own chat template.",
  'If the model has none, put its Jinja text into `dataset.template`.',
  'tokenizer_default',
  'jinja',
);
const precision = without(
  'The computation is in 32 bits, whatever the model file stores, unless a recipe asks for 16.',
  'To compute in 16 bits on a GPU that can, set `engine.precision` to "fp16", or with CUDA to "bf16".',
  false,
  'auto',
);
const attention = without(
  'It makes GPUs faster and changes no number.',
  undefined,
  true,
  false,
  'auto',
  'eager',
  'sdpa',
  'flash_attention_2',
);
const preferences = without('It belongs to learning from preferences, which is not built.', undefined, false);
const tokens = without(
  'The tokenizer is used as it is; tokens cannot be added.',
  'Add them to the model folder first; a padding token is never needed here.',
  false,
);
const pose = without('Longer contexts than the model has cannot be learnt (no PoSE).', undefined, false);
const measure = without(
  'Evaluation measures the loss, the perplexity and the share of tokens that were guessed right.',
  undefined,
  false,
  0,
);
const loraPlus = without(
  'A and B have the same learning rate (no LoRA+).',
  'A higher `training.learning_rate` may make up for it.',
  1e-6,
);
const otherMethod = without(
  'It belongs to a way of training that is not built.',
  undefined,
  false,
  'model.layers',
  'magnitude',
);
const layerRate = without('All trained weights have one learning rate.', undefined);
const shard = without('A recipe reads one file, whole.', 'Make a file of the rows that you want.', false);

/** Families of keys that are answered alike. */
const families: readonly { readonly keys: string; readonly rule: Rule }[] = [
  {
    keys: 'use_wandb wandb_name wandb_run_id wandb_mode wandb_project wandb_entity wandb_watch wandb_log_model use_mlflow mlflow_tracking_uri mlflow_experiment_name mlflow_run_name hf_mlflow_log_artifacts use_comet comet_api_key comet_workspace comet_project_name comet_experiment_key comet_mode comet_online comet_experiment_config use_tensorboard use_trackio trackio_project_name trackio_run_name trackio_space_id',
    rule: without(...experimentService, false),
  },
  {
    keys: 'gradio_title gradio_share gradio_server_name gradio_server_port gradio_max_new_tokens gradio_temperature',
    rule: without('A recipe only trains.', '`lora generate` answers a prompt with the finished adapter.'),
  },
  {
    keys: 'use_ray ray_run_name ray_num_workers resources_per_worker device device_map world_size ddp sequence_parallel_degree context_parallel_size tensor_parallel_size dp_shard_size dp_replicate_size heads_k_stride ring_attn_func fsdp_version fsdp_final_state_dict_type qlora_sharded_model_loading lora_on_cpu max_memory gpu_memory_limit low_cpu_mem_usage experimental_skip_move_to_device',
    rule: without(...severalDevices, false, true, 1, 'auto'),
  },
  {
    keys: 'xformers_attention sdp_attention s2_attention flex_attention flex_attn_compile_kwargs flash_attention flash_attn_cross_entropy flash_attn_rms_norm flash_attn_fuse_qkv flash_attn_fuse_mlp flash_optimum eager_attention attn_implementation sage_attention unsloth_cross_entropy_loss unsloth_lora_mlp unsloth_lora_qkv unsloth_lora_o unsloth_rms_norm unsloth_rope lora_mlp_kernel lora_qkv_kernel lora_o_kernel lora_embedding_kernel use_kernels liger_rope liger_rms_norm liger_glu_activation liger_swiglu liger_layer_norm liger_cross_entropy liger_fused_linear_cross_entropy cut_cross_entropy chunked_cross_entropy chunked_cross_entropy_num_chunks gc_steps activation_offloading layer_offloading',
    rule: attention,
  },
  {
    keys: 'trl vllm reward_model process_reward_model num_labels dpo_use_weighting dpo_use_logits_to_keep orpo_alpha rpo_alpha simpo_gamma cpo_alpha kto_desirable_weight kto_undesirable_weight rl_beta dpo_beta max_prompt_len',
    rule: preferences,
  },
  {
    keys: 'special_tokens tokens added_tokens_overrides resize_token_embeddings_to_32x mean_resizing_embeddings shrink_embeddings embeddings_skip_upcast fix_untrained_tokens eot_tokens',
    rule: tokens,
  },
  {
    keys: 'use_pose pose_split_on_token_ids pose_max_context_len pose_num_chunks overrides_of_model_config',
    rule: pose,
  },
  {
    keys: 'eval_table_size eval_max_new_tokens do_causal_lm_eval eval_causal_lm_metrics do_bench_eval bench_dataset bench_split',
    rule: measure,
  },
  { keys: 'loraplus_lr_ratio loraplus_lr_embedding', rule: loraPlus },
  { keys: 'embedding_lr embedding_lr_scale lr_groups', rule: layerRate },
  {
    keys: 'relora relora_steps relora_warmup_steps relora_anneal_steps relora_prune_ratio relora_prune_method relora_cpu_offload jagged_restart_steps jagged_restart_warmup_steps jagged_restart_anneal_steps lisa_n_layers lisa_step_interval lisa_layers_attribute unfrozen_parameters qat quantization curriculum_sampling',
    rule: otherMethod,
  },
  { keys: 'dataset_shard_num dataset_shard_idx min_sample_len dataset_exact_deduplication', rule: shard },
  {
    keys: 'dataset_prepared_path dataset_processes dataset_num_proc dataset_keep_in_memory skip_prepare_dataset push_dataset_to_hub hf_use_auth_token',
    rule: without('Tokens are made anew in every run, while it trains.', undefined, false, true),
  },
  {
    keys: 'sample_packing_group_size sample_packing_bin_size sample_packing_sequentially eval_sample_packing pad_to_sequence_len multipack_real_batches batch_flattening pretrain_multipack_buffer_size pretrain_multipack_attn pretraining_sample_concatenation',
    rule: without(
      'Whole rows share a line and never see each other; there is nothing more to set.',
      undefined,
      true,
      false,
      'auto',
    ),
  },
  {
    keys: 'model_type tokenizer_type tokenizer_config tokenizer_use_fast tokenizer_legacy tokenizer_use_mistral_common tokenizer_save_jinja_files processor_type base_model_config cls_model_config trust_remote_code is_falcon_derived_model is_llama_derived_model is_mistral_derived_model is_qwen_derived_model base_model_ignore_patterns',
    rule: without(
      'Model and tokenizer are read from the model folder, whose files say what they are.',
      undefined,
      true,
      false,
      'AutoModelForCausalLM',
      'AutoTokenizer',
      'LlamaForCausalLM',
      'MistralForCausalLM',
      'LlamaTokenizer',
    ),
  },
  {
    keys: 'adam_beta3 adam_epsilon2 optim_target_modules torchdistx_path',
    rule: without('AdamW in 32 bits always trains.', undefined),
  },
  {
    keys: 'lr_quadratic_warmup cosine_min_lr_ratio cosine_constant_lr_ratio lr_div_factor',
    rule: without('The schedules have no further settings.', undefined, false),
  },
  {
    keys: 'loss_watchdog_threshold loss_watchdog_patience',
    rule: without(
      'A loss that is no number ends the run; one that is too high does not.',
      'Watch the dashboard, and stop the run there.',
    ),
  },
  {
    keys: 'strict debug profiler_steps plugins hub_strategy is_preprocess preprocess_iterable total_num_tokens total_supervised_tokens sample_packing_eff_est axolotl_config_path merge_lora merge_method bnb_config_kwargs gptq dynamic_checkpoint llama4_linearized_experts include_tokens_per_second',
    rule: without(
      "It is a matter of Axolotl's own workings.",
      undefined,
      false,
      true,
      'every_save',
      'memory_efficient',
    ),
  },
];

export const axolotlRules: Rules = {
  ...trainerRules,
  ...Object.fromEntries(families.flatMap(({ keys, rule }) => keys.split(' ').map((key) => [key, rule]))),
  base_model: as('base_model'),
  revision_of_model: without(
    'A hub id means the version that the local hub cache calls `main`.',
    "Write the path of that version's folder in `base_model`.",
    'main',
  ),
  rl: implied,
  adapter,
  load_in_4bit: quantized(4),
  load_in_8bit: quantized(8),
  lora_model_dir: as('lora.init_from'),
  lora_r: as('lora.r'),
  lora_alpha: as('lora.lora_alpha'),
  lora_dropout: as('lora.lora_dropout'),
  lora_fan_in_fan_out: implied,
  lora_target_modules: targetModules,
  lora_target_linear(setting, translation) {
    if (setting.value === true) translation.keep(setting, 'lora.target_modules', 'all-linear');
    else translation.imply(setting);
  },
  lora_target_parameters: loraAnswer('target_parameters'),
  lora_modules_to_save: as('lora.modules_to_save'),
  peft_layers_to_transform: as('lora.layers_to_transform'),
  peft_layers_pattern: implied,
  peft_use_dora: as('lora.use_dora'),
  peft_use_rslora: as('lora.use_rslora'),
  peft_init_lora_weights: as('lora.init_lora_weights'),
  peft_layer_replication: loraAnswer('layer_replication'),
  peft_trainable_token_indices: loraAnswer('trainable_token_indices'),
  peft_ensure_weight_tying: loraAnswer('ensure_weight_tying'),
  peft_autocast_adapter_dtype: implied,
  peft: without(
    'It says how a base model was quantized beforehand; here it is quantized when a run begins.',
    undefined,
  ),
  datasets: trainingDatasets,
  pretraining_dataset: trainingDatasets,
  test_datasets: testDatasets,
  val_set_size: evaluationShare,
  shuffle_merged_datasets: as('dataset.shuffle'),
  sequence_len: as('dataset.max_length'),
  excess_length_strategy: without(
    'A row that is too long is cut at its end.',
    'Delete such rows from the file.',
    'truncate',
  ),
  sample_packing: as('dataset.packing'),
  train_on_inputs: opposite('dataset.completion_only_loss'),
  chat_template: chatTemplate,
  chat_template_jinja: as('dataset.template'),
  default_system_message: without(
    'No system message is added to the rows.',
    'Add it to the rows, or to `dataset.template`.',
  ),
  output_dir: as('output'),
  micro_batch_size: as('training.per_device_train_batch_size'),
  gradient_accumulation_steps: as('training.gradient_accumulation_steps'),
  batch_size: totalBatch,
  eval_batch_size: as('training.per_device_eval_batch_size'),
  num_epochs: as('training.num_train_epochs'),
  optimizer: trainerRules['optim']!,
  lr_scheduler: schedule,
  eval_steps: steps('training.eval_steps'),
  evals_per_epoch: perEpoch('training.eval_steps'),
  saves_per_epoch: perEpoch('training.save_steps'),
  noisy_embedding_alpha: trainerRules['neftune_noise_alpha']!,
  auto_resume_from_checkpoints: trainerRules['resume_from_checkpoint']!,
  bf16: precision,
  fp16: precision,
  fp8: precision,
  tf32: precision,
  bfloat16: precision,
  float16: precision,
  float32: implied,
  gradient_checkpointing(setting, translation) {
    if (typeof setting.value === 'boolean') translation.keep(setting, 'training.gradient_checkpointing');
    else translation.keep(setting, 'training.gradient_checkpointing', true, `"${textOf(setting.value)}"`);
  },
};

export function finishAxolotl(translation: Translation): void {
  const comment = "Axolotl's default";
  const adapterKind = translation.valueOf('adapter') ?? null;
  if (adapterKind === null || adapterKind === '')
    translation.assume('method', 'full', 'without an adapter Axolotl trains every weight');
  else translation.assume('lora.lora_dropout', 0, comment);
  translation.assume('dataset.max_length', 512, comment);
  translation.assume('dataset.packing', false, comment);
  if (!translation.written.has('dataset.eval_path')) translation.assume('dataset.eval_split', 0, comment);
  translation.assume('training.num_train_epochs', 1, comment);
  translation.assume('training.per_device_train_batch_size', 1, comment);
}
