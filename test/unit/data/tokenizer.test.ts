import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import path from 'node:path';
import { openTokenizer } from '../../../src/engine/data/tokenizer';
import {
  byteTokenizer,
  failsWith,
  openTestTokenizer,
  readJson,
  temporaryFile,
  testData,
  withTestData,
} from './materials';

interface Fixture {
  readonly strings: readonly string[];
  readonly tokenizers: readonly {
    readonly tokenizer: string;
    readonly config?: Readonly<Record<string, unknown>>;
    readonly model_type?: string;
    readonly vocab_size: number;
    readonly special: Readonly<Record<string, string>>;
    readonly special_ids: readonly (number | null)[];
    readonly ids: readonly (readonly number[])[];
    readonly plain: readonly (readonly number[])[];
    readonly decoded: readonly string[];
  }[];
}

// Made by test/parity/fixtures/dataFixtures.py with Transformers' AutoTokenizer.
const fixture = readJson(path.join('test', 'unit', 'data', 'fixtures', 'strings.json')) as Fixture;

describe('the same as AutoTokenizer', withTestData, () => {
  for (const expected of fixture.tokenizers) {
    const { tokenizer: name, config, model_type: modelType } = expected;
    const variant = [modelType, config === undefined ? undefined : JSON.stringify(config).slice(0, 60)];
    test([name, ...variant].filter((part) => part !== undefined).join(' '), async () => {
      const tokenizer = await openTestTokenizer(expected);
      assert.equal(tokenizer.vocabSize, expected.vocab_size);
      assert.deepEqual({ ...tokenizer.specialTokens }, expected.special);
      const ids = [tokenizer.bosId, tokenizer.eosId, tokenizer.padId].map((id) => id ?? null);
      assert.deepEqual(ids, expected.special_ids);
      for (const [index, text] of fixture.strings.entries()) {
        assert.deepEqual([...tokenizer.encode(text)], expected.ids[index], text);
        assert.deepEqual([...tokenizer.encode(text, { addSpecialTokens: false })], expected.plain[index], text);
        assert.equal(tokenizer.decode(expected.ids[index]!), expected.decoded[index]);
      }
    });
  }
});

describe('tokenizer', () => {
  test('reads its tokens to people', withTestData, async () => {
    const llama = await openTestTokenizer({ tokenizer: 'models/stories15M' });
    const texts = (text: string) => Array.from(llama.encode(text), (id) => llama.tokenText(id));
    assert.deepEqual(texts('Hello world\n'), ['<s>', ' Hello', ' world', '\n']);
    assert.deepEqual(texts('😀').slice(-4), ['<0xF0>', '<0x9F>', '<0x98>', '<0x80>']);
    const gpt2 = await openTestTokenizer({ tokenizer: 'tokenizers/gpt2' });
    assert.deepEqual(
      Array.from(gpt2.encode('Hi é 你<|endoftext|>'), (id) => gpt2.tokenText(id)),
      ['Hi', ' é', ' ', '<0xE4><0xBD>', '<0xA0>', '<|endoftext|>'],
    );
    assert.equal(gpt2.tokenText(99_999), '<99999>');
  });

  test('skips special tokens, unknown ids and nothing else when it decodes', async (t) => {
    const tokenizer = await byteTokenizer(t);
    assert.equal(tokenizer.decode([256, 72, 105, 257]), '<s>Hi</s>');
    assert.equal(tokenizer.decode([256, 72, 105, 257], { skipSpecialTokens: true }), 'Hi');
    assert.equal(tokenizer.decode(Int32Array.from([72, 5000])), 'H');
    assert.equal(tokenizer.decode([]), '');
    assert.deepEqual([...tokenizer.specialIds], [256, 257, 258]);
  });

  test('works without a pad token and without an end token', async (t) => {
    const tokenizer = await byteTokenizer(t, { eos: false });
    assert.equal(tokenizer.padId, undefined);
    assert.equal(tokenizer.eosToken, undefined);
    assert.deepEqual([...tokenizer.encode('A')], [256, 65]);
  });

  test("takes the ids of the model's config.json for tokens that have no name", withTestData, async () => {
    const tokenizerFile = path.join(testData, 'tokenizers/smollm2/tokenizer.json');
    const tokenizer = await openTokenizer({ tokenizerFile, fallbackIds: { bosId: 1, eosId: 2 } });
    assert.equal(tokenizer.eosId, 2);
    assert.equal(tokenizer.eosToken, '<|im_end|>');
    assert.deepEqual([...tokenizer.encode('<|im_end|>')], [2]);
  });

  test('special_tokens_map.json wins, unless tokenizer_config.json lists its added tokens', withTestData, async () => {
    const tokenizerFile = path.join(testData, 'tokenizers/smollm2/tokenizer.json');
    const specialTokensMap = { eos_token: { content: '<|im_end|>' } };
    const config = { eos_token: '<|endoftext|>' };
    const mapped = await openTokenizer({ tokenizerFile, tokenizerConfig: config, specialTokensMap });
    assert.equal(mapped.eosToken, '<|im_end|>');
    const listed = { ...config, added_tokens_decoder: { 0: { content: '<|endoftext|>', special: true } } };
    const unmapped = await openTokenizer({ tokenizerFile, tokenizerConfig: listed, specialTokensMap });
    assert.equal(unmapped.eosToken, '<|endoftext|>');
  });
});

describe('a tokenizer that cannot be used', () => {
  const open = (tokenizerFile: string) => openTokenizer({ tokenizerFile });

  test('is missing', () => assert.rejects(open('nowhere/tokenizer.json'), failsWith('tokenizer-missing', /nowhere/)));

  test('is cut off', (t) =>
    assert.rejects(
      open(temporaryFile(t, 'tokenizer.json', '{"model": {')),
      failsWith('tokenizer-invalid', /complete/),
    ));

  test('has no vocabulary', (t) =>
    assert.rejects(open(temporaryFile(t, 'tokenizer.json', '{}')), failsWith('tokenizer-invalid', /vocabulary/)));

  test('has a step that is not known', (t) => {
    const json = { model: { type: 'BPE', vocab: {}, merges: [] }, added_tokens: [], pre_tokenizer: { type: 'Magic' } };
    const file = temporaryFile(t, 'tokenizer.json', JSON.stringify(json));
    return assert.rejects(open(file), failsWith('tokenizer-invalid', /Magic/));
  });
});
