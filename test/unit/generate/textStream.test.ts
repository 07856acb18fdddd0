import assert from 'node:assert/strict';
import path from 'node:path';
import { describe, test } from 'node:test';
import { openTokenizer } from '../../../src/engine/data/tokenizer';
import type { Tokenizer } from '../../../src/engine/data/tokenizer';
import { TextStream } from '../../../src/engine/generate/textStream';
import { skipWithoutTestData, testData } from '../formats/scratch';

/** What a stream gives for each token of `text` after `prompt`, and at the end. */
function pieces(tokenizer: Tokenizer, prompt: string, text: string): { pieces: string[]; stream: TextStream } {
  const whole = tokenizer.encode(prompt + text);
  const start = tokenizer.encode(prompt);
  assert.deepEqual(whole.subarray(0, start.length), start, 'the prompt is encoded alike');
  const stream = new TextStream(tokenizer, start);
  const given = Array.from(whole.subarray(start.length), (id) => stream.push(id));
  return { pieces: [...given, stream.end()], stream };
}

describe('text from tokens as they come', { skip: skipWithoutTestData }, () => {
  const gpt2 = openTokenizer({ tokenizerFile: testData('tokenizers', 'gpt2', 'tokenizer.json') });
  const llamaFolder = testData('models', 'stories15M');
  const llama = openTokenizer({ tokenizerFile: path.join(llamaFolder, 'tokenizer.json'), modelType: 'llama' });

  test('is given out token by token', async () => {
    assert.deepEqual(pieces(await gpt2, 'Once', ' upon a time').pieces, [' upon', ' a', ' time', '']);
  });

  test('keeps the space between the prompt and the first word, also where words carry their space', async () => {
    const { pieces: given, stream } = pieces(await llama, 'Once upon', ' a time there');
    assert.deepEqual(given, [' a', ' time', ' there', '']);
    assert.equal(stream.text, ' a time there');
  });

  test('holds back the bytes of a character until it is complete', async () => {
    for (const tokenizer of [await gpt2, await llama]) {
      const { pieces: given, stream } = pieces(tokenizer, 'Hi', ' 🦙 今日 naïve');
      assert.equal(given.join(''), ' 🦙 今日 naïve');
      assert.ok(given.every((piece) => !piece.includes('\uFFFD')));
      assert.ok(given.includes(''), 'something was held back');
      assert.equal(stream.count, given.length - 1);
    }
  });

  test('gives out at the end what never became a character', async () => {
    const tokenizer = await gpt2;
    const [first] = tokenizer.encode('🦙');
    const stream = new TextStream(tokenizer, tokenizer.encode('Hi'));
    assert.equal(stream.push(first!), '');
    assert.match(stream.end(), /^ ?\uFFFD+$/);
  });

  test('begins with nothing where the prompt is everything', async () => {
    const stream = new TextStream(await llama, (await llama).encode('Once'));
    assert.deepEqual([stream.text, stream.count, stream.end()], ['', 0, '']);
  });

  test('holds no special tokens', async () => {
    const tokenizer = await llama;
    const stream = new TextStream(tokenizer, tokenizer.encode('Once'));
    assert.equal(stream.push(tokenizer.bosId!), '');
    assert.equal(stream.text, '');
  });
});
