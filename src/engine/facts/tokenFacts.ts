import type { TokenFacts } from '../../recipe/facts';
import { prepareReading } from '../data/reading';
import type { ReadingOptions } from '../data/reading';
import { sampleRows } from '../data/sampleRows';
import type { SampledRow } from '../data/sampleRows';
import { openSource } from '../data/sources/openSource';
import { defaultScanLimits } from '../data/scanRows';
import type { Tokenizer } from '../data/tokenizer';
import { endIds } from './baseModel';
import type { BaseModel } from './baseModel';
import { controlTokens, untrainedTokens } from './controlTokens';

/** Enough to see a share of one in a hundred, few enough for a moment. */
const sampledRows = 256;
const keptPlaces = 20;

export interface TokenRequest {
  /** Absolute path. */
  readonly file: string;
  readonly base: BaseModel;
  readonly tokenizer: Tokenizer;
  readonly options: Omit<ReadingOptions, 'maxLength'>;
  readonly maxLength: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * What a sample of rows looks like as tokens.
 * @throws Failure where the file cannot be read, or its rows cannot be written as text
 */
export async function tokenFacts({ file, base, tokenizer, ...request }: TokenRequest): Promise<TokenFacts> {
  const { options, maxLength, signal } = request;
  const source = await openSource(file, defaultScanLimits);
  try {
    const uncut = { ...options, maxLength: Number.MAX_SAFE_INTEGER };
    const reading = await prepareReading(source, uncut, tokenizer, base.folder.chatTemplate);
    const sample = new Sample(file, maxLength, tokenizer, base);
    for await (const row of sampleRows(source, reading, sampledRows)) {
      signal?.throwIfAborted();
      sample.add(row);
    }
    const { template: own } = options;
    const { eosToken } = tokenizer;
    return {
      ...sample.result,
      rows: sample.rows,
      isWhole: source.rowCount !== undefined && source.rowCount <= sample.rows,
      maxLength,
      endToken: eosToken ?? null,
      endTokenIds: eosToken === undefined ? 0 : tokenizer.encode(eosToken, { addSpecialTokens: false }).length,
      template: own !== undefined ? 'recipe' : reading.template === undefined ? 'none' : 'model',
      splitTokens: own === undefined ? [] : splitTokens(own, tokenizer),
      untrainedTokens: await untrainedTokens(base, tokenizer, sample.controlIds),
      tokenizerSize: tokenizer.vocabSize,
    };
  } finally {
    source.close();
  }
}

/** Control tokens of a template that this tokenizer takes for plain text. */
function splitTokens(template: string, tokenizer: Tokenizer): TokenFacts['splitTokens'] {
  return controlTokens(template).flatMap((text) => {
    const ids = tokenizer.encode(text, { addSpecialTokens: false }).length;
    return ids > 1 ? [{ text, ids }] : [];
  });
}

type SampleResult = Pick<
  TokenFacts,
  'lengths' | 'supervised' | 'neededLengths' | 'completeRows' | 'endedRows' | 'doubleBos' | 'beyondVocabulary'
>;

class Sample {
  rows = 0;
  /** Ids of special tokens that occur. */
  readonly controlIds = new Set<number>();
  readonly #ends: ReadonlySet<number>;
  readonly #result = {
    lengths: [] as number[],
    supervised: [] as number[],
    neededLengths: [] as (number | null)[],
    completeRows: 0,
    endedRows: 0,
    doubleBos: [] as TokenFacts['doubleBos'][number][],
    beyondVocabulary: [] as TokenFacts['beyondVocabulary'][number][],
  };

  constructor(
    private readonly file: string,
    private readonly maxLength: number,
    private readonly tokenizer: Tokenizer,
    private readonly base: BaseModel,
  ) {
    this.#ends = endIds(base, tokenizer);
  }

  get result(): SampleResult {
    return this.#result;
  }

  add({ ids, supervised, place }: SampledRow): void {
    const result = this.#result;
    const first = supervised.indexOf(1, 1);
    const count = supervised.subarray(1, this.maxLength).reduce((sum, bit) => sum + bit, 0);
    this.rows++;
    result.lengths.push(ids.length);
    result.supervised.push(count);
    result.neededLengths.push(first < 0 ? null : first + 1);
    if (ids.length <= this.maxLength && count > 0) {
      result.completeRows++;
      if (this.#isEnded(ids, supervised)) result.endedRows++;
    }
    const { bosId } = this.tokenizer;
    const isDoubled = bosId !== undefined && ids[0] === bosId && ids[1] === bosId;
    const isBeyond = ids.some((id) => id >= this.base.model.vocabSize);
    if (isDoubled && result.doubleBos.length < keptPlaces) result.doubleBos.push({ file: this.file, ...place() });
    if (isBeyond && result.beyondVocabulary.length < keptPlaces) {
      result.beyondVocabulary.push({ file: this.file, ...place() });
    }
    for (const id of ids) if (this.tokenizer.specialIds.has(id)) this.controlIds.add(id);
  }

  /** Whether the last thing that is learnt, blanks aside, is to stop. */
  #isEnded(ids: Int32Array, supervised: Uint8Array): boolean {
    for (let at = supervised.lastIndexOf(1); at > 0 && supervised[at] === 1; at--) {
      const id = ids[at]!;
      if (this.#ends.has(id) || this.tokenizer.specialIds.has(id)) return true;
      if (this.tokenizer.tokenText(id).trim() !== '') return false;
    }
    return false;
  }
}
