/** How the models of one GGUF architecture are called and laid out in Hugging Face's folders. */
export interface Architecture {
  readonly modelType: string;
  /** For `architectures` in config.json. */
  readonly className: string;
  /** GGUF name → Hugging Face name, without `.weight` and `.bias`; `#` stands for the number of a block. */
  readonly names: Readonly<Record<string, string>>;
  /**
   * Rows of query and key projections are interleaved within each head: GGUF's row 2i + j of a head is Hugging Face's
   * row i + j · (head size / 2), because llama.cpp turns neighbouring numbers and Transformers those half a head apart.
   */
  readonly interleavesHeads: boolean;
  /** Matrices that Hugging Face's folders hold transposed (GPT-2's Conv1D), by GGUF name. */
  readonly transposed: ReadonlySet<string>;
}

const decoderNames = {
  token_embd: 'model.embed_tokens',
  output_norm: 'model.norm',
  output: 'lm_head',
  'blk.#.attn_norm': 'model.layers.#.input_layernorm',
  'blk.#.attn_q': 'model.layers.#.self_attn.q_proj',
  'blk.#.attn_k': 'model.layers.#.self_attn.k_proj',
  'blk.#.attn_v': 'model.layers.#.self_attn.v_proj',
  'blk.#.attn_output': 'model.layers.#.self_attn.o_proj',
  'blk.#.ffn_norm': 'model.layers.#.post_attention_layernorm',
  'blk.#.ffn_gate': 'model.layers.#.mlp.gate_proj',
  'blk.#.ffn_up': 'model.layers.#.mlp.up_proj',
  'blk.#.ffn_down': 'model.layers.#.mlp.down_proj',
};

const none: ReadonlySet<string> = new Set();

/** By `general.architecture`. Mistral's models are `llama` there, too. */
export const architectures: Readonly<Record<string, Architecture>> = {
  llama: {
    modelType: 'llama',
    className: 'LlamaForCausalLM',
    names: decoderNames,
    interleavesHeads: true,
    transposed: none,
  },
  qwen2: {
    modelType: 'qwen2',
    className: 'Qwen2ForCausalLM',
    names: decoderNames,
    interleavesHeads: false,
    transposed: none,
  },
  qwen3: {
    modelType: 'qwen3',
    className: 'Qwen3ForCausalLM',
    names: {
      ...decoderNames,
      'blk.#.attn_q_norm': 'model.layers.#.self_attn.q_norm',
      'blk.#.attn_k_norm': 'model.layers.#.self_attn.k_norm',
    },
    interleavesHeads: false,
    transposed: none,
  },
  gpt2: {
    modelType: 'gpt2',
    className: 'GPT2LMHeadModel',
    names: {
      token_embd: 'transformer.wte',
      position_embd: 'transformer.wpe',
      output_norm: 'transformer.ln_f',
      output: 'lm_head',
      'blk.#.attn_norm': 'transformer.h.#.ln_1',
      'blk.#.attn_qkv': 'transformer.h.#.attn.c_attn',
      'blk.#.attn_output': 'transformer.h.#.attn.c_proj',
      'blk.#.ffn_norm': 'transformer.h.#.ln_2',
      'blk.#.ffn_up': 'transformer.h.#.mlp.c_fc',
      'blk.#.ffn_down': 'transformer.h.#.mlp.c_proj',
    },
    interleavesHeads: false,
    transposed: new Set(['blk.#.attn_qkv', 'blk.#.attn_output', 'blk.#.ffn_up', 'blk.#.ffn_down']),
  },
};

/** `blk.3.attn_q.weight` → its stem `blk.#.attn_q`, block `3` and kind `.weight`. */
export function takeApart(name: string): { readonly stem: string; readonly block: string; readonly kind: string } {
  const kind = /\.(weight|bias)$/.exec(name)?.[0] ?? '';
  const path = name.slice(0, name.length - kind.length);
  const block = /(?<=^(?:blk|model\.layers|transformer\.h)\.)\d+(?=\.)/.exec(path)?.[0] ?? '';
  return { stem: block === '' ? path : path.replace(`.${block}.`, '.#.'), block, kind };
}

/** Hugging Face's name of a tensor, or undefined where the architecture has none. */
export function huggingFaceName({ names }: Architecture, ggufName: string): string | undefined {
  const { stem, block, kind } = takeApart(ggufName);
  if (kind === '' || !Object.hasOwn(names, stem)) return undefined;
  return names[stem]!.replace('#', block) + kind;
}
