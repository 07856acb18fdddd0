import assert from 'node:assert/strict';
import path from 'node:path';
import { describe, test } from 'node:test';
import { openTokenizer } from '../../../src/engine/data/tokenizer';
import type { Tokenizer } from '../../../src/engine/data/tokenizer';
import { Metadata } from '../../../src/engine/formats/gguf/metadata';
import type { GgufValue } from '../../../src/engine/formats/gguf/readGguf';
import { tokenizerOf } from '../../../src/engine/formats/gguf/tokenizer';
import { Failure } from '../../../src/failure/failure';
import { openTestTokenizer, readJson, testData, withTestData } from './materials';

const { strings } = readJson(path.join('test', 'unit', 'data', 'fixtures', 'strings.json')) as {
  readonly strings: readonly string[];
};

interface Json {
  readonly added_tokens: readonly { readonly id: number; readonly content: string; readonly special: boolean }[];
  readonly model: { readonly vocab: Readonly<Record<string, number>>; readonly merges: readonly (string | string[])[] };
}

type Keys = Readonly<Record<string, GgufValue>>;

/** A tokenizer.json as llama.cpp's conversion writes it into a GGUF file. */
function metadataOf(folder: string, own: Keys): Keys {
  const { model, added_tokens: added } = readJson(path.join(testData, folder, 'tokenizer.json')) as Json;
  const tokens: string[] = [];
  for (const [token, id] of Object.entries(model.vocab)) tokens[id] = token;
  for (const { id, content } of added) tokens[id] = content;
  const kinds = tokens.map((token): number => (/^<0x[0-9A-F]{2}>$/.test(token) ? 6 : 1));
  for (const { id, special } of added) kinds[id] = special ? 3 : 4;
  const unknown = added.find(({ content }) => content === '<unk>');
  if (unknown !== undefined) kinds[unknown.id] = 2;
  return {
    'tokenizer.ggml.tokens': tokens,
    'tokenizer.ggml.token_type': kinds,
    'tokenizer.ggml.merges': model.merges.map((merge) => (typeof merge === 'string' ? merge : merge.join(' '))),
    'tokenizer.ggml.scores': scoresOf(tokens, model.merges),
    ...own,
  };
}

/** SentencePiece's scores, as far as the list of merges tells: the earlier a piece is made there, the higher. */
function scoresOf(tokens: readonly string[], merges: Json['model']['merges']): number[] {
  const rank = new Map<string, number>();
  merges.forEach((merge, at) => {
    const piece = typeof merge === 'string' ? merge.replace(' ', '') : merge.join('');
    if (!rank.has(piece)) rank.set(piece, at);
  });
  return tokens.map((token) => -(rank.get(token) ?? merges.length));
}

async function open(keys: Keys): Promise<Tokenizer> {
  const read = tokenizerOf(new Metadata({ file: 'model.gguf', metadata: new Map(Object.entries(keys)) }, 'llama'));
  assert.ok(read !== undefined);
  return openTokenizer({ tokenizerFile: 'model.gguf', tokenizerJson: read.json, tokenizerConfig: read.config });
}

const sentencePiece: Keys = {
  'tokenizer.ggml.model': 'llama',
  'tokenizer.ggml.bos_token_id': 1,
  'tokenizer.ggml.eos_token_id': 2,
  'tokenizer.ggml.unknown_token_id': 0,
};

describe('the tokenizer of a GGUF file gives the ids of the Hugging Face tokenizer', withTestData, () => {
  const cases: readonly (readonly [folder: string, keys: Keys, modelType: string | undefined])[] = [
    [
      'tokenizers/gpt2',
      { 'tokenizer.ggml.model': 'gpt2', 'tokenizer.ggml.pre': 'gpt-2', 'tokenizer.ggml.eos_token_id': 50_256 },
      'gpt2',
    ],
    [
      'tokenizers/smollm2',
      { 'tokenizer.ggml.model': 'gpt2', 'tokenizer.ggml.pre': 'smollm', 'tokenizer.ggml.eos_token_id': 2 },
      undefined,
    ],
    ['tokenizers/mistral-7b-v0.3', { ...sentencePiece, 'tokenizer.ggml.add_bos_token': false }, undefined],
    ['models/stories15M', sentencePiece, 'llama'],
    ['models/stories260K', sentencePiece, 'llama'],
  ];
  for (const [folder, keys, modelType] of cases) {
    test(folder, async () => {
      const tokenizer = await open(metadataOf(folder, keys));
      const original = await openTestTokenizer({
        tokenizer: folder,
        ...(modelType === undefined ? {} : { model_type: modelType }),
      });
      assert.equal(tokenizer.vocabSize, original.vocabSize);
      assert.equal(tokenizer.eosId, keys['tokenizer.ggml.eos_token_id']);
      for (const text of strings) {
        const ids = original.encode(text);
        assert.deepEqual(tokenizer.encode(text), ids, text);
        assert.equal(tokenizer.decode(ids), original.decode(ids));
        assert.equal(
          tokenizer.decode(ids, { skipSpecialTokens: true }),
          original.decode(ids, { skipSpecialTokens: true }),
        );
      }
    });
  }
});

describe('what a GGUF file says of its tokenizer', () => {
  const small: Keys = {
    'tokenizer.ggml.model': 'gpt2',
    'tokenizer.ggml.pre': 'gpt-2',
    'tokenizer.ggml.tokens': ['a', 'b', 'ab', '<s>', '</s>', '<user>', '[PAD6]', '<end>'],
    'tokenizer.ggml.token_type': [1, 1, 1, 3, 3, 4, 5, 3],
    'tokenizer.ggml.merges': ['a b'],
    'tokenizer.ggml.bos_token_id': 3,
    'tokenizer.ggml.eos_token_id': 4,
    'tokenizer.ggml.eot_token_id': 7,
    'tokenizer.ggml.padding_token_id': 0xffffffff,
  };
  const read = (keys: Keys) =>
    tokenizerOf(
      new Metadata({ file: 'model.gguf', metadata: new Map(Object.entries({ ...small, ...keys })) }, 'llama'),
    );

  test('special tokens, those of its user, and what it puts around a text', async () => {
    const tokenizer = await open({
      ...small,
      'tokenizer.ggml.add_bos_token': true,
      'tokenizer.ggml.add_eos_token': true,
    });
    assert.deepEqual([...tokenizer.encode('ab<user><end>b')], [3, 2, 5, 7, 1, 4]);
    assert.deepEqual([...tokenizer.specialIds].sort(), [3, 4, 7]);
    assert.equal(tokenizer.decode([3, 2, 5, 7]), '<s>ab<user><end>');
    assert.equal(tokenizer.padId, undefined);
    assert.deepEqual(tokenizer.specialTokens, { bos_token: '<s>', eos_token: '</s>' });
    assert.deepEqual([...(await open(small)).encode('ab')], [2], 'GPT-2 puts nothing around a text');
  });

  test('which tokens end a text, and the chat template', () => {
    const found = read({ 'tokenizer.chat_template': '{{ messages }}' });
    assert.deepEqual(found?.endIds, [4, 7]);
    assert.equal(found.chatTemplate, '{{ messages }}');
    assert.equal(read({})?.chatTemplate, undefined);
  });

  test('contradictions are refused', () => {
    const refused = (keys: Keys, code: string, at: string): void => {
      assert.throws(
        () => read(keys),
        (error) => error instanceof Failure && error.code === code && error.place?.path === at,
      );
    };
    refused({ 'tokenizer.ggml.model': 't5' }, 'gguf-tokenizer', 'tokenizer.ggml.model');
    refused({ 'tokenizer.ggml.pre': 'something-new' }, 'gguf-tokenizer', 'tokenizer.ggml.pre');
    refused({ 'tokenizer.ggml.eos_token_id': 8 }, 'gguf-metadata', 'tokenizer.ggml.eos_token_id');
    refused({ 'tokenizer.ggml.token_type': [1] }, 'gguf-metadata', 'tokenizer.ggml.token_type');
    refused({ 'tokenizer.ggml.tokens': [1, 2] }, 'gguf-metadata', 'tokenizer.ggml.tokens');
    refused(
      { 'tokenizer.ggml.model': 'llama', 'tokenizer.ggml.scores': [1] },
      'gguf-metadata',
      'tokenizer.ggml.scores',
    );
  });
});
