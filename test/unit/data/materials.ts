import { mkdtempSync, readFileSync, rmSync, writeFileSync, existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { defaultDatasetLimits, openDataset } from '../../../src/engine/data/dataset';
import type { Dataset, DatasetLimits, DatasetOptions } from '../../../src/engine/data/dataset';
import { openTokenizer } from '../../../src/engine/data/tokenizer';
import type { Tokenizer } from '../../../src/engine/data/tokenizer';
import { Failure } from '../../../src/failure/failure';

/** Folder with small real models and datasets; tests that need it are skipped where it is not. */
export const testData = process.env['LORA_TEST_DATA'] ?? '';
export const withTestData = { skip: existsSync(testData) ? false : 'LORA_TEST_DATA names no folder' };

/** A file with this content that is gone after the test. */
export function temporaryFile(t: TestContext, name: string, content: string | Uint8Array): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'lora-data-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const file = path.join(folder, name);
  writeFileSync(file, content);
  return file;
}

export function readJson(file: string): unknown {
  return JSON.parse(readFileSync(file, 'utf8'));
}

interface TokenizerCase {
  readonly tokenizer: string;
  readonly config?: Readonly<Record<string, unknown>>;
  readonly model_type?: string;
}

const opened = new Map<string, Promise<Tokenizer>>();

/** A tokenizer of the test data, with another `tokenizer_config.json` or model type where the case has one. */
export function openTestTokenizer(wanted: TokenizerCase): Promise<Tokenizer> {
  const key = JSON.stringify([wanted.tokenizer, wanted.config, wanted.model_type]);
  const tokenizer = opened.get(key) ?? open(wanted);
  opened.set(key, tokenizer);
  return tokenizer;
}

function open({ tokenizer, config, model_type: modelType }: TokenizerCase): Promise<Tokenizer> {
  const folder = path.join(testData, tokenizer);
  const optional = (name: string) => {
    const file = path.join(folder, name);
    return existsSync(file) ? (readJson(file) as Record<string, unknown>) : undefined;
  };
  const tokenizerConfig = config ?? optional('tokenizer_config.json');
  const specialTokensMap = optional('special_tokens_map.json');
  const type = modelType ?? (optional('config.json')?.['model_type'] as string | undefined);
  return openTokenizer({
    tokenizerFile: path.join(folder, 'tokenizer.json'),
    ...(tokenizerConfig === undefined ? {} : { tokenizerConfig }),
    ...(specialTokensMap === undefined ? {} : { specialTokensMap }),
    ...(type === undefined ? {} : { modelType: type }),
  });
}

/**
 * A tokenizer with one token for every byte, so that tests can read ids: the id of a character is its code, `<s>` is
 * 256 (put before every text), `</s>` 257 and `<|end|>` 258.
 */
export async function byteTokenizer(t: TestContext, options: { readonly eos?: boolean } = {}): Promise<Tokenizer> {
  const bytes = Array.from({ length: 256 }, (_, byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`);
  const vocab = Object.fromEntries([...bytes, '<s>', '</s>', '<|end|>'].map((content, id) => [content, id]));
  const special = (id: number, content: string) => ({ id, content, special: true, normalized: false });
  const json = {
    added_tokens: [special(256, '<s>'), special(257, '</s>'), special(258, '<|end|>')],
    normalizer: null,
    pre_tokenizer: null,
    post_processor: {
      type: 'TemplateProcessing',
      single: [{ SpecialToken: { id: '<s>', type_id: 0 } }, { Sequence: { id: 'A', type_id: 0 } }],
      pair: [],
      special_tokens: { '<s>': { id: '<s>', ids: [256], tokens: ['<s>'] } },
    },
    decoder: { type: 'Sequence', decoders: [{ type: 'ByteFallback' }, { type: 'Fuse' }] },
    model: { type: 'BPE', vocab, merges: [], byte_fallback: true },
  };
  const eos = options.eos === false ? {} : { eos_token: '</s>' };
  return openTokenizer({
    tokenizerFile: temporaryFile(t, 'tokenizer.json', JSON.stringify(json)),
    tokenizerConfig: { bos_token: '<s>', ...eos },
  });
}

export const datasetDefaults: Omit<DatasetOptions, 'path'> = {
  format: 'auto',
  columns: {},
  maxLength: 512,
  completionOnlyLoss: true,
  seed: 42,
  shuffle: false,
  evalSplit: 0,
  part: 'train',
};

/** Opens a dataset that is closed after the test. */
export async function openTestDataset(
  t: TestContext,
  options: Partial<DatasetOptions> & { readonly path: string },
  tokenizer: Tokenizer,
  more: { readonly chatTemplate?: string; readonly limits?: DatasetLimits } = {},
): Promise<Dataset> {
  const dataset = await openDataset({ ...datasetDefaults, ...options }, tokenizer, more.chatTemplate, more.limits);
  t.after(() => dataset.close());
  return dataset;
}

export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

/** For `assert.rejects`: a failure with this code whose sentence and hint match, at this line. */
export function failsWith(code: string, pattern: RegExp, line?: number): (error: unknown) => boolean {
  return (error) => {
    if (!(error instanceof Failure)) return false;
    const words = `${error.message} ${error.hint ?? ''}`;
    const fits = error.code === code && pattern.test(words) && (line === undefined || error.place?.line === line);
    if (!fits) throw new Error(`${error.code} at line ${error.place?.line ?? '?'}: ${words}`, { cause: error });
    return true;
  };
}

/** Every file is "large": many blocks of a few rows, a few blocks to a window. */
export const tiny: DatasetLimits = {
  ...defaultDatasetLimits,
  indexBytes: 0,
  blockBytes: 100,
  windowBytes: 400,
  checkBytes: 0,
};

export type OpenOptions = Partial<DatasetOptions> & { readonly chatTemplate?: string; readonly limits?: DatasetLimits };

export async function openRows(t: TestContext, rows: readonly unknown[], options: OpenOptions = {}): Promise<Dataset> {
  const { chatTemplate, limits, ...rest } = options;
  const file = temporaryFile(t, 'rows.jsonl', rows.map((row) => JSON.stringify(row)).join('\n'));
  const more = { ...(chatTemplate === undefined ? {} : { chatTemplate }), ...(limits === undefined ? {} : { limits }) };
  return openTestDataset(t, { path: file, ...rest }, await byteTokenizer(t), more);
}

/** The rows as text, with what is learnt between « and ». Special tokens are ^ (first), $ (end) and % (turn). */
export async function shown(dataset: Dataset): Promise<string[]> {
  return (await collect(dataset.rows(Infinity))).map(({ ids, supervised }) =>
    Array.from(ids, (id, at) => {
      const text = id === 256 ? '^' : id === 257 ? '$' : id === 258 ? '%' : String.fromCharCode(id);
      const opens = supervised[at] === 1 && supervised[at - 1] !== 1;
      const closes = supervised[at] === 1 && supervised[at + 1] !== 1;
      return `${opens ? '«' : ''}${text}${closes ? '»' : ''}`;
    }).join(''),
  );
}

export const chatTemplate =
  "{% for m in messages %}{{ m.role[0] + ':' + m.content + '<|end|>' }}{% endfor %}" +
  "{% if add_generation_prompt %}{{ 'a:' }}{% endif %}";
