import type { Tool } from '../../../../src/recipe/convert/conversion';

function words(text: string): readonly string[] {
  return text.trim().split(/\s+/);
}

/** The settings that each tool's own sources declare; those of TRL and PEFT stand in schemas/peft-fields.json. */
export const knownKeys: Readonly<Partial<Record<Tool, readonly string[]>>> = {
  axolotl: words(`
    base_model base_model_config cls_model_config tokenizer_config tokenizer_use_fast tokenizer_legacy
    tokenizer_use_mistral_common tokenizer_type processor_type tokenizer_save_jinja_files trust_remote_code
    experimental_skip_move_to_device use_kernels output_dir hub_model_id hub_strategy hub_revision save_safetensors
    load_in_8bit load_in_4bit adapter lora_model_dir lora_r lora_alpha lora_fan_in_fan_out lora_target_modules
    lora_target_parameters lora_target_linear lora_modules_to_save lora_dropout peft_layers_to_transform peft_layers_pattern
    peft peft_use_dora peft_use_rslora peft_layer_replication peft_init_lora_weights peft_trainable_token_indices
    peft_ensure_weight_tying peft_autocast_adapter_dtype qlora_sharded_model_loading lora_on_cpu gptq bnb_config_kwargs
    loraplus_lr_ratio loraplus_lr_embedding merge_lora merge_method relora relora_prune_ratio relora_prune_method
    relora_cpu_offload gradient_accumulation_steps micro_batch_size batch_size eval_batch_size auto_find_batch_size
    train_on_inputs group_by_length learning_rate embedding_lr embedding_lr_scale weight_decay optimizer optim_args
    optim_target_modules torchdistx_path lr_scheduler lr_scheduler_kwargs lr_quadratic_warmup cosine_min_lr_ratio
    cosine_constant_lr_ratio lr_div_factor lr_groups adam_epsilon adam_epsilon2 adam_beta1 adam_beta2 adam_beta3
    max_grad_norm num_epochs use_wandb wandb_name wandb_run_id wandb_mode wandb_project wandb_entity wandb_watch
    wandb_log_model use_mlflow mlflow_tracking_uri mlflow_experiment_name mlflow_run_name hf_mlflow_log_artifacts use_comet
    comet_api_key comet_workspace comet_project_name comet_experiment_key comet_mode comet_online comet_experiment_config
    lisa_n_layers lisa_step_interval lisa_layers_attribute gradio_title gradio_share gradio_server_name gradio_server_port
    gradio_max_new_tokens gradio_temperature use_ray ray_run_name ray_num_workers resources_per_worker strict
    resume_from_checkpoint auto_resume_from_checkpoints resize_token_embeddings_to_32x mean_resizing_embeddings
    shrink_embeddings embeddings_skip_upcast trl vllm qat quantization reward_model process_reward_model num_labels
    dpo_use_weighting dpo_use_logits_to_keep datasets test_datasets shuffle_merged_datasets dataset_prepared_path
    dataset_shard_num dataset_shard_idx skip_prepare_dataset pretraining_dataset dataset_processes
    dataset_exact_deduplication dataset_keep_in_memory dataloader_pin_memory dataloader_num_workers
    dataloader_prefetch_factor dataloader_drop_last accelerator_config remove_unused_columns push_dataset_to_hub
    hf_use_auth_token device device_map world_size local_rank ddp seed ddp_timeout ddp_bucket_cap_mb ddp_broadcast_buffers
    ddp_find_unused_parameters eval_table_size eval_max_new_tokens do_causal_lm_eval eval_causal_lm_metrics do_bench_eval
    bench_dataset bench_split metric_for_best_model greater_is_better loss_watchdog_threshold loss_watchdog_patience
    gc_steps bf16 fp16 fp8 bfloat16 float16 tf32 float32 gradient_checkpointing gradient_checkpointing_kwargs
    unfrozen_parameters sequence_len min_sample_len max_prompt_len sample_packing sample_packing_group_size
    sample_packing_bin_size sample_packing_sequentially eval_sample_packing pad_to_sequence_len curriculum_sampling
    multipack_real_batches pretraining_sample_concatenation batch_flattening use_pose pose_split_on_token_ids
    pose_max_context_len pose_num_chunks pretrain_multipack_buffer_size pretrain_multipack_attn xformers_attention
    sdp_attention s2_attention flex_attention flex_attn_compile_kwargs flash_attention flash_attn_cross_entropy
    flash_attn_rms_norm flash_attn_fuse_qkv flash_attn_fuse_mlp flash_optimum eager_attention unsloth_cross_entropy_loss
    unsloth_lora_mlp unsloth_lora_qkv unsloth_lora_o unsloth_rms_norm unsloth_rope lora_mlp_kernel lora_qkv_kernel
    lora_o_kernel llama4_linearized_experts deepspeed fsdp fsdp_config fsdp_final_state_dict_type val_set_size
    sequence_parallel_degree heads_k_stride ring_attn_func special_tokens tokens added_tokens_overrides torch_compile
    torch_compile_backend torch_compile_mode max_steps warmup_steps warmup_ratio eval_steps evals_per_epoch eval_strategy
    save_steps saves_per_epoch save_strategy save_total_limit logging_steps early_stopping_patience load_best_model_at_end
    save_only_model use_tensorboard profiler_steps include_tokens_per_second neftune_noise_alpha orpo_alpha rpo_alpha
    simpo_gamma cpo_alpha kto_desirable_weight kto_undesirable_weight rl_beta max_memory gpu_memory_limit low_cpu_mem_usage
    chat_template chat_template_jinja eot_tokens default_system_message fix_untrained_tokens is_preprocess
    preprocess_iterable total_num_tokens total_supervised_tokens sample_packing_eff_est axolotl_config_path
    is_falcon_derived_model is_llama_derived_model is_mistral_derived_model is_qwen_derived_model plugins`),
  'llama-factory': words(`
    model_name_or_path adapter_name_or_path adapter_folder cache_dir use_fast_tokenizer resize_vocab split_special_tokens
    add_tokens add_special_tokens new_special_tokens_config init_special_tokens model_revision low_cpu_mem_usage rope_scaling
    flash_attn shift_attn mixture_of_depths use_unsloth use_unsloth_gc enable_liger_kernel moe_aux_loss_coef
    disable_gradient_checkpointing use_reentrant_gc upcast_layernorm upcast_lmhead_output train_from_scratch infer_backend
    offload_folder use_kv_cache use_v1_kernels infer_dtype hf_hub_token ms_hub_token om_hub_token print_param_status
    trust_remote_code quantization_method quantization_bit quantization_type double_quantization quantization_device_map fp8
    fp8_backend fp8_enable_fsdp_float8_all_gather image_max_pixels image_min_pixels image_do_pan_and_scan crop_to_patches
    video_max_pixels video_min_pixels video_fps video_maxlen use_audio_in_video audio_sampling_rate export_dir export_size
    export_device export_quantization_bit export_quantization_dataset export_quantization_nsamples
    export_quantization_maxlen export_legacy_format export_hub_model_id vllm_maxlen vllm_gpu_util vllm_enforce_eager
    vllm_max_lora_rank vllm_config sglang_maxlen sglang_mem_fraction sglang_tp_size sglang_config sglang_lora_backend use_kt
    kt_optimize_rule cpu_infer chunk_size mode kt_maxlen kt_use_cuda_graph kt_mode kt_force_think template dataset
    eval_dataset dataset_dir media_dir cutoff_len train_on_prompt mask_history streaming buffer_size mix_strategy
    interleave_probs overwrite_cache preprocessing_batch_size preprocessing_num_workers max_samples eval_num_beams
    ignore_pad_token_for_loss val_size eval_on_each_dataset packing neat_packing tool_format tokenized_path
    freeze_trainable_layers freeze_trainable_modules freeze_extra_modules additional_target lora_alpha lora_dropout lora_rank
    lora_target loraplus_lr_ratio loraplus_lr_embedding use_rslora use_dora pissa_init pissa_iter pissa_convert
    create_new_adapter module_dropout oft_rank oft_block_size oft_target pref_beta pref_ftx pref_bco_weight pref_loss
    dpo_label_smoothing kto_chosen_weight kto_rejected_weight simpo_gamma ppo_buffer_size ppo_epochs ppo_score_norm
    ppo_target ppo_whiten_rewards ref_model ref_model_adapters ref_model_quantization_bit reward_model
    reward_model_adapters reward_model_quantization_bit reward_model_type ld_alpha use_galore galore_target galore_rank
    galore_update_interval galore_scale galore_proj_type galore_layerwise use_apollo apollo_target apollo_rank
    apollo_update_interval apollo_scale apollo_proj apollo_proj_type apollo_scale_type apollo_layerwise apollo_scale_front
    use_badam badam_mode badam_start_block badam_switch_mode badam_switch_interval badam_update_ratio badam_mask_mode
    badam_verbose use_swanlab swanlab_project swanlab_workspace swanlab_run_name swanlab_mode swanlab_api_key swanlab_logdir
    swanlab_lark_webhook_url swanlab_lark_secret pure_bf16 stage finetuning_type use_llama_pro use_adam_mini use_mca use_muon
    use_dft_loss freeze_vision_tower freeze_multi_modal_projector freeze_language_model compute_accuracy disable_shuffling
    early_stopping_steps plot_loss include_effective_tokens_per_second predict_with_generate`),
  'mlx-lm': words(`
    model train fine_tune_type training_mode optimizer optimizer_config data seed num_layers batch_size iters val_batches
    learning_rate steps_per_report steps_per_eval resume_adapter_file adapter_path save_every test test_batches
    max_seq_length config grad_checkpoint grad_accumulation_steps clear_cache_threshold lora_parameters lr_schedule
    hf_dataset mask_prompt wandb report_to project_name`),
};
