import type { TokenFacts } from '../../recipe/facts';
import type { Tokenizer } from '../data/tokenizer';
import type { BaseModel } from './baseModel';
import { rowNorms } from './embeddingRows';

/** What chat formats of well-known families are made of: one token each in the models that they belong to. */
const knownControlTokens = [
  ...['<|im_start|>', '<|im_end|>', '<|im_sep|>', '<|endoftext|>', '<|eot_id|>', '<|begin_of_text|>'],
  ...['<|end_of_text|>', '<|start_header_id|>', '<|end_header_id|>', '<start_of_turn>', '<end_of_turn>'],
  ...['<|START_OF_TURN_TOKEN|>', '<|END_OF_TURN_TOKEN|>', '<|start_of_role|>', '<|end_of_role|>'],
] as const;

/** The control tokens that a template writes. */
export function controlTokens(template: string): string[] {
  return knownControlTokens.filter((token) => template.includes(token));
}

/** Rows of ordinary tokens that say how long a trained row is. */
const comparedRows = 128;
/** An untrained row still has the length it was born with, or none; trained ones are many times as long. */
const shortestShare = 0.2;

/** Of these special tokens the ones whose embedding was never trained in this checkpoint. */
export async function untrainedTokens(
  { model, weights }: BaseModel,
  tokenizer: Tokenizer,
  ids: ReadonlySet<number>,
): Promise<TokenFacts['untrainedTokens']> {
  const embedding = model.modules.find(({ kind, path }) => kind === 'embedding' && path !== model.head);
  const entry = embedding === undefined ? undefined : weights.get(`${embedding.path}.weight`);
  const usual = [tokenizer.bosId, tokenizer.eosId, tokenizer.padId];
  const asked = [...ids].filter((id) => !usual.includes(id) && id < model.vocabSize);
  if (entry === undefined || asked.length === 0) return [];
  const step = Math.max(1, Math.floor(Math.min(tokenizer.vocabSize, model.vocabSize) / comparedRows));
  const ordinary = Array.from({ length: comparedRows }, (_, i) => i * step).filter(
    (id) => id < model.vocabSize && !tokenizer.specialIds.has(id),
  );
  const typical = median(await rowNorms(entry, ordinary));
  const norms = await rowNorms(entry, asked);
  return asked
    .filter((_, i) => norms[i]! < shortestShare * typical)
    .map((id) => ({ text: tokenizer.tokenText(id), id }));
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}
