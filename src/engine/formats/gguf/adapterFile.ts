import { architectures, huggingFaceName, takeApart } from './architectures';
import type { Architecture } from './architectures';
import { ggufAdapterArchitectureUnsupported, ggufAdapterUnsupported, ggufNotAnAdapter } from './failures';
import { Metadata } from './metadata';
import { readGguf } from './readGguf';
import type { GgufTensor } from './readGguf';
import { decodeGguf, readGgufRows } from './readGgufTensor';
import type { GgufType } from './types';
import { inHuggingFaceOrder } from './weights';

/** An adapter as llama.cpp keeps it: y = W x + alpha / r · lora_b (lora_a x), and 1 in place of alpha / r where alpha is 0. */
export interface GgufAdapter {
  readonly file: string;
  /** `general.architecture`. */
  readonly architecture: string;
  readonly alpha: number;
  /** Hub id of the base model, where the file names one. */
  readonly baseModel: string | null;
  readonly modules: readonly GgufAdapterModule[];
}

export interface GgufAdapterModule {
  /** Hugging Face's, such as `model.layers.0.self_attn.q_proj`. */
  readonly path: string;
  readonly r: number;
  readonly inFeatures: number;
  readonly outFeatures: number;
  /** Whose heads the rows of lora_b are interleaved in; see `Architecture.interleavesHeads`. */
  readonly heads: 'query' | 'key' | undefined;
  /** [r, in] */
  readonly a: GgufTensor;
  /** [out, r] */
  readonly b: GgufTensor;
}

/**
 * Reads which layers an adapter of llama.cpp's changes; no number of theirs is read.
 * @throws Failure `gguf-not-an-adapter`, `gguf-architecture`, `gguf-adapter-unsupported`, those of `readGguf`
 */
export function readGgufAdapter(file: string): GgufAdapter {
  const { metadata: entries, tensors } = readGguf(file);
  const type = entries.get('general.type');
  if (type !== 'adapter') throw ggufNotAnAdapter(file, typeof type === 'string' ? type : 'model');
  const name = String(entries.get('general.architecture'));
  const architecture = Object.hasOwn(architectures, name) ? architectures[name] : undefined;
  if (architecture === undefined) throw ggufAdapterArchitectureUnsupported(file, name, Object.keys(architectures));
  const kind = entries.get('adapter.type');
  if (kind !== 'lora') throw ggufAdapterUnsupported(file, `its kind is ${JSON.stringify(kind ?? null)}, not "lora"`);
  if (entries.has('adapter.alora.invocation_tokens')) {
    throw ggufAdapterUnsupported(file, 'it works only after certain tokens (aLoRA)');
  }
  const strength = entries.get('adapter.lora.alpha') ?? 0;
  if (typeof strength !== 'number' || !Number.isFinite(strength)) {
    throw ggufAdapterUnsupported(file, 'its strength (adapter.lora.alpha) is no number');
  }
  const alpha = new Metadata({ file, metadata: entries }, name).optionalNumber('adapter.lora.alpha') ?? 0;
  if (alpha < 0) throw ggufAdapterUnsupported(file, 'its strength (adapter.lora.alpha) is below 0');
  return {
    file,
    architecture: name,
    alpha,
    baseModel: hubIdIn(entries),
    modules: modulesOf(file, architecture, tensors),
  };
}

/** Both matrices of a module as they are for PEFT. `heads` are the base model's. */
export function readGgufAdapterModule(
  file: string,
  { a, b, outFeatures, heads }: GgufAdapterModule,
  numbers: { readonly query: number; readonly key: number } | undefined,
): { readonly A: Float32Array; readonly B: Float32Array } {
  const stored = decodeGguf(b.type, readGgufRows(file, b));
  const A = decodeGguf(a.type, readGgufRows(file, a));
  if (heads === undefined) return { A, B: stored };
  if (numbers === undefined) throw new Error('Rows of heads cannot be ordered without their number');
  return { A, B: inHuggingFaceOrder(stored, outFeatures, numbers[heads]) };
}

/** What a type becomes in a safetensors file: quantized ones are single precision there. */
export function plainDtype(type: GgufType): 'F32' | 'F16' | 'BF16' {
  return type === 'F16' || type === 'BF16' ? type : 'F32';
}

function modulesOf(
  file: string,
  architecture: Architecture,
  tensors: ReadonlyMap<string, GgufTensor>,
): readonly GgufAdapterModule[] {
  const modules: GgufAdapterModule[] = [];
  for (const [stored, a] of tensors) {
    const [, weight, which] = /^(.+\.weight)\.lora_([ab])$/.exec(stored) ?? [];
    if (weight === undefined) throw ggufAdapterUnsupported(file, `"${stored}" is no part of a LoRA adapter`);
    const b = tensors.get(`${weight}.lora_${which === 'a' ? 'b' : 'a'}`);
    if (b === undefined) throw ggufAdapterUnsupported(file, `"${stored}" has no other half`);
    if (which === 'a') modules.push(moduleOf(file, architecture, weight, a, b));
  }
  if (modules.length === 0) throw ggufAdapterUnsupported(file, 'it holds no lora_a and lora_b');
  return modules;
}

function moduleOf(
  file: string,
  architecture: Architecture,
  weight: string,
  a: GgufTensor,
  b: GgufTensor,
): GgufAdapterModule {
  const name = huggingFaceName(architecture, weight);
  const { stem } = takeApart(weight);
  if (name === undefined || stem.endsWith('norm')) {
    throw ggufAdapterUnsupported(file, `models of its kind have no layer "${weight}" that can be adapted`);
  }
  // llama.cpp holds both matrices of an embedding the other way round, and uses them for a shared output layer, too.
  if (stem.endsWith('embd')) throw ggufAdapterUnsupported(file, `it adapts the embedding "${weight}"`);
  const [r = 0, inFeatures = 0] = a.shape;
  const [outFeatures = 0, inner] = b.shape;
  if (a.shape.length !== 2 || b.shape.length !== 2 || r === 0 || r !== inner) {
    const shapes = `lora_a is [${a.shape.join(', ')}] and lora_b [${b.shape.join(', ')}]`;
    throw ggufAdapterUnsupported(file, `of "${weight}" ${shapes}, which do not fit together`);
  }
  const rows = stem === 'blk.#.attn_q' ? 'query' : stem === 'blk.#.attn_k' ? 'key' : undefined;
  return {
    path: name.replace(/\.weight$/, ''),
    r,
    inFeatures,
    outFeatures,
    heads: architecture.interleavesHeads ? rows : undefined,
    a,
    b,
  };
}

/** As llama.cpp's converter writes it: `https://huggingface.co/owner/name`. */
function hubIdIn(metadata: ReadonlyMap<string, unknown>): string | null {
  const url = metadata.get('general.base_model.0.repo_url');
  if (typeof url !== 'string') return null;
  return /^https:\/\/huggingface\.co\/([\w.-]+\/[\w.-]+?)\/?$/.exec(url)?.[1] ?? null;
}
