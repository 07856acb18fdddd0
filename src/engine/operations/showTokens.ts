import type { LoadedRecipe } from '../../recipe/loadedRecipe';
import type { TokensRow } from '../../run/answers';
import { closePrepared, prepare } from './prepare';

/** The first rows of the training file as the model will see them. */
export async function showTokens(loaded: LoadedRecipe, rows: number): Promise<TokensRow[]> {
  const prepared = await prepare(loaded);
  try {
    const shown: TokensRow[] = [];
    for await (const { row, ids, supervised } of prepared.train.rows(rows)) {
      const tokens = Array.from(ids, (id, i) => ({
        id,
        text: prepared.tokenizer.tokenText(id),
        supervised: i > 0 && supervised[i] === 1,
      }));
      shown.push({ row, tokens });
    }
    return shown;
  } finally {
    await closePrepared(prepared);
  }
}
