/** One layer that gets an adapter. `in` and `out` are the layer's sizes; `params` counts A and B. */
export interface AdaptedModule {
  readonly name: string;
  readonly in: number;
  readonly out: number;
  readonly r: number;
  readonly params: number;
}

/** How many layers one entry of `target_modules` matched: each must match at least one. */
export interface TargetCount {
  readonly entry: string;
  readonly matches: number;
}

/** What the adapter adds to the model. Counts are numbers of parameters; `all_params` includes the adapter. */
export interface AdapterPlan {
  readonly trainable_params: number;
  readonly all_params: number;
  readonly trainable_percent: number;
  /** Size of `adapter_model.safetensors`, in bytes. */
  readonly file_bytes: number;
  readonly modules: readonly AdaptedModule[];
}

/** What an epoch holds. Totals are exact for small files, otherwise projected from a sample (`estimated`). */
export interface DataPlan {
  /** Rows to train on, without those set aside for evaluation. */
  readonly rows: number;
  readonly eval_rows: number;
  readonly tokens: number;
  readonly supervised_tokens: number;
  /** Optimizer steps. */
  readonly steps_per_epoch: number;
  readonly total_steps: number;
  readonly estimated: boolean;
}

/** What every `auto` of the recipe became on this machine. */
export interface ComputePlan {
  readonly runtime: string;
  readonly device: string;
  /** Why this device, in a sentence. */
  readonly device_reason: string;
  readonly precision: string;
  readonly threads: number;
  readonly gradient_checkpointing: string;
  /** Tokens. */
  readonly max_length: number;
}

export interface MemoryPlan {
  /** Peak of the process. */
  readonly lora_bytes: number;
  readonly full_bytes: number;
  /** What of this training lies in the memory of its graphics card; null on the processor. */
  readonly device_bytes: number | null;
}

/** What will be trained and what it costs; known before anything is allocated. `lora plan --json` prints it. */
export interface Plan {
  readonly name: string;
  readonly base_model: string;
  /** The model's architecture, such as `llama`. */
  readonly family: string;
  readonly method: 'lora' | 'full';
  readonly adapter: AdapterPlan;
  readonly targets: readonly TargetCount[];
  /** The same training without an adapter: every weight. */
  readonly full: { readonly trainable_params: number };
  /** Estimated, in bytes. */
  readonly memory: MemoryPlan;
  readonly data: DataPlan;
  readonly compute: ComputePlan;
  /** What the user should know before the run starts, one sentence each. */
  readonly warnings: readonly string[];
}
