import { editDistance } from './nearest';

/** What other families call their layers, and the parts of LLaMA-like and GPT-2-like models that do the same. */
const elsewhere: readonly { readonly family: string; readonly names: Readonly<Record<string, readonly string[]>> }[] = [
  {
    family: 'LLaMA, Mistral and Qwen',
    names: {
      q_proj: ['q_proj', 'c_attn'],
      k_proj: ['k_proj', 'c_attn'],
      v_proj: ['v_proj', 'c_attn'],
      o_proj: ['o_proj', 'c_proj'],
      gate_proj: ['gate_proj', 'c_fc'],
      up_proj: ['up_proj', 'c_fc'],
      down_proj: ['down_proj', 'c_proj'],
    },
  },
  {
    family: 'GPT-2',
    names: {
      c_attn: ['c_attn', 'q_proj', 'k_proj', 'v_proj'],
      c_fc: ['c_fc', 'up_proj'],
      c_proj: ['c_proj', 'o_proj', 'down_proj'],
    },
  },
  {
    family: 'GPT-NeoX, Falcon, BLOOM and ChatGLM',
    names: {
      query_key_value: ['q_proj', 'k_proj', 'v_proj', 'c_attn'],
      dense_h_to_4h: ['up_proj', 'c_fc'],
      dense_4h_to_h: ['down_proj', 'c_proj'],
    },
  },
  {
    family: 'BERT and ViT',
    names: { query: ['q_proj', 'c_attn'], key: ['k_proj', 'c_attn'], value: ['v_proj', 'c_attn'] },
  },
  { family: 'Baichuan', names: { W_pack: ['q_proj', 'k_proj', 'v_proj', 'c_attn'] } },
  { family: 'MPT', names: { Wqkv: ['q_proj', 'k_proj', 'v_proj', 'c_attn'] } },
  {
    family: 'Phi-3',
    names: { qkv_proj: ['q_proj', 'k_proj', 'v_proj', 'c_attn'], gate_up_proj: ['gate_proj', 'up_proj', 'c_fc'] },
  },
  { family: 'diffusion', names: { to_q: ['q_proj'], to_k: ['k_proj'], to_v: ['v_proj'], to_out: ['o_proj'] } },
];

/** The families that call a layer so, and what the same is called in a model with these layers. */
export function nameElsewhere(
  name: string,
  own: readonly string[],
): { readonly family: string; readonly here: readonly string[] } | undefined {
  for (const { family, names } of elsewhere) {
    const here = (Object.hasOwn(names, name) ? names[name]! : []).filter((candidate) => own.includes(candidate));
    if (here.length > 0 && !own.includes(name)) return { family, here };
  }
  return undefined;
}

/** Up to three names that look most like `name`, the nearest first; at most half of it may differ. */
export function similarNames(name: string, candidates: readonly string[]): readonly string[] {
  const plain = (text: string): string => text.slice(0, 100).toLowerCase().replaceAll('_', '');
  const word = plain(name);
  return candidates
    .map((candidate) => ({
      candidate,
      share: editDistance(word, plain(candidate)) / Math.max(word.length, plain(candidate).length, 1),
    }))
    .filter(({ share }) => share <= 0.5)
    .sort((a, b) => a.share - b.share)
    .slice(0, 3)
    .map(({ candidate }) => candidate);
}
