import type { LoadedRecipe } from '../../recipe/loadedRecipe';
import type { SeenToken, TokensRow } from '../../run/answers';
import type { Tokenizer } from '../data/tokenizer';
import { closePrepared, prepare } from './prepare';

/** The first rows of the training file as the model will see them. */
export async function showTokens(loaded: LoadedRecipe, rows: number): Promise<TokensRow[]> {
  const prepared = await prepare(loaded);
  try {
    const shown: TokensRow[] = [];
    for await (const { row, ids, supervised } of prepared.train.rows(rows)) {
      shown.push({ row, tokens: seenTokens(ids, supervised, prepared.tokenizer) });
    }
    return shown;
  } finally {
    await closePrepared(prepared);
  }
}

/** Tokens as people read them. Nothing foresees the first one, so it is never supervised. */
export function seenTokens(ids: Int32Array, supervised: Uint8Array, tokenizer: Tokenizer): SeenToken[] {
  return Array.from(ids, (id, i) => ({
    id,
    text: tokenizer.tokenText(id),
    supervised: i > 0 && supervised[i] === 1,
  }));
}
