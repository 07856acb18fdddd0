import type { JsonObject } from '../jsonFile';
import { architectures } from './architectures';
import { configOf } from './config';
import { ggufArchitectureUnsupported, ggufInParts, ggufNotAModel } from './failures';
import { Metadata } from './metadata';
import { readGguf } from './readGguf';
import { tokenizerOf } from './tokenizer';
import type { GgufTokenizer } from './tokenizer';
import { ggufWeights } from './weights';
import type { GgufWeight } from './weights';

/** A base model in a GGUF file, said as a Hugging Face folder would say it; no weight is read. */
export interface GgufModel {
  readonly config: JsonObject;
  readonly generationConfig: JsonObject | undefined;
  readonly tensors: ReadonlyMap<string, GgufWeight>;
  readonly tokenizer: GgufTokenizer | undefined;
}

/**
 * @throws Failure `gguf-architecture`, `gguf-metadata`, `gguf-tensor-unknown`, `gguf-tokenizer`, `gguf-in-parts`,
 *   `gguf-not-a-model`, those of `readGguf`
 */
export function openGgufModel(file: string): GgufModel {
  const gguf = readGguf(file);
  const metadata = new Metadata(gguf, String(gguf.metadata.get('general.architecture')));
  const type = metadata.text('general.type') ?? 'model';
  if (type !== 'model') throw ggufNotAModel(file, type);
  const parts = metadata.value('split.count');
  if (typeof parts === 'number' && parts > 1) throw ggufInParts(file, parts);
  const name = metadata.text('general.architecture') ?? metadata.refuse('general.architecture', 'is missing');
  const architecture = Object.hasOwn(architectures, name) ? architectures[name] : undefined;
  if (architecture === undefined) throw ggufArchitectureUnsupported(file, name, Object.keys(architectures));
  const config = configOf(gguf, metadata, architecture);
  const query = metadata.size('.attention.head_count');
  const tokenizer = tokenizerOf(metadata);
  const [end] = tokenizer?.endIds ?? [];
  return {
    config: { ...config, ...(end === undefined ? {} : { eos_token_id: end }) },
    generationConfig: tokenizer === undefined ? undefined : { eos_token_id: [...tokenizer.endIds] },
    tensors: ggufWeights(gguf, architecture, {
      query,
      key: metadata.optionalSize('.attention.head_count_kv') ?? query,
    }),
    tokenizer,
  };
}
