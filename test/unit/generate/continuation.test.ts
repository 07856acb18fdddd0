import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Continuation } from '../../../src/engine/generate/continuation';
import type { ContinuationOptions, TextPiece } from '../../../src/engine/generate/continuation';
import { likeliestTokens, logSumExp } from '../../../src/engine/generate/logProbabilities';
import { penalizeRepetition, sampler } from '../../../src/engine/generate/sampling';
import { StopStrings } from '../../../src/engine/generate/stopStrings';

/** A token for each byte; ids are bytes. */
const bytes = { decode: (ids: ArrayLike<number>) => Buffer.from(Array.from(ids)).toString('utf8') };
const usual = {
  ids: [65],
  choice: undefined,
  temperature: 0,
  topP: 1,
  seed: 1,
  maxNewTokens: 99,
  endIds: new Set([0]),
};

/** Logits of which the token `id` is the likeliest. */
function sure(id: number): Float32Array {
  const logits = new Float32Array(256);
  logits[id] = 4;
  return logits;
}

/** What a continuation gives while the model says `said`, which it is asked for only as long as it wants more. */
async function pieces(
  said: string,
  options: Partial<ContinuationOptions<undefined>> = {},
  contextLength = 1000,
): Promise<{ pieces: TextPiece[]; continuation: Continuation<undefined>; asked: number }> {
  const continuation = new Continuation({ ...usual, ...options }, bytes, contextLength);
  let asked = 0;
  for (const byte of [...Buffer.from(said), 0]) {
    asked++;
    if (continuation.choose(sure(byte)) === undefined) break;
  }
  const given = [];
  for await (const piece of continuation) given.push(piece);
  return { pieces: given, continuation, asked };
}

describe('a continuation', () => {
  test('gives pieces of whole characters, and ends with the end token', async () => {
    const { pieces: given, continuation, asked } = await pieces('né 🦙!');
    assert.deepEqual(
      given.map(({ text }) => text),
      ['n', 'é', ' ', '🦙', '!'],
    );
    assert.deepEqual([continuation.text, continuation.count, continuation.finishReason], ['né 🦙!', 9, 'stop']);
    assert.equal(asked, 10);
  });

  test('ends when it is as long as it may be, or as the context', async () => {
    const short = await pieces('abcdef', { maxNewTokens: 3 });
    assert.deepEqual([short.continuation.text, short.continuation.finishReason, short.asked], ['abc', 'length', 3]);
    const full = await pieces('abcdef', { ids: [1, 2, 3] }, 5);
    assert.deepEqual([full.continuation.text, full.continuation.finishReason, full.asked], ['ab', 'length', 2]);
  });

  test('ends with the token that completes a stop string, and gives nothing of it', async () => {
    const { continuation, pieces: given, asked } = await pieces('one\n\ntwo', { stop: ['\n\n', 'tw'] });
    assert.deepEqual([continuation.text, continuation.finishReason, asked], ['one', 'stop', 5]);
    assert.ok(given.every(({ text }) => !text.includes('\n')));
  });

  test('tells the likelihood of each token with the text that it became', async () => {
    const { pieces: given } = await pieces('né', { topLogProbabilities: 2 });
    const expected = 4 - Math.log(Math.exp(4) + 255);
    assert.deepEqual(
      given.map(({ text, tokens }) => [text, tokens.map(({ id }) => id)]),
      [
        ['n', [110]],
        ['é', [0xc3, 0xa9]],
      ],
    );
    for (const { logProbability, top } of given.flatMap(({ tokens }) => tokens)) {
      assert.ok(Math.abs(logProbability - expected) < 1e-9);
      assert.equal(top.length, 2);
    }
  });

  test('tells the likelihood of each token alone', async () => {
    const [one, two] = await Promise.all(
      [0, 3].map(async (topLogProbabilities) => (await pieces('ab', { topLogProbabilities })).pieces),
    );
    const tokens = two!.map((piece) => ({ ...piece, tokens: piece.tokens.map((token) => ({ ...token, top: [] })) }));
    assert.deepEqual(one, tokens);
  });

  test('measures likelihoods before the penalty for repetition', async () => {
    const { pieces: given } = await pieces('aa', { topLogProbabilities: 1, repetitionPenalty: 1.5 });
    const [first, second] = given.flatMap(({ tokens }) => tokens);
    assert.equal(first!.logProbability, second!.logProbability);
  });

  test('gives what it has before it fails', async () => {
    const continuation = new Continuation(usual, bytes, 100);
    continuation.choose(sure(97));
    continuation.fail(new Error('no memory'));
    assert.deepEqual(await continuation.next(), { done: false, value: { text: 'a', tokens: [] } });
    await assert.rejects(continuation.next(), /no memory/);
  });

  test('is told when whoever reads it goes away', async () => {
    const continuation = new Continuation(usual, bytes, 100);
    continuation.choose(sure(97));
    continuation.choose(sure(98));
    for await (const { text } of continuation) {
      assert.equal(text, 'a');
      break;
    }
    assert.ok(continuation.signal.aborted);
  });

  test('waits for pieces that are not there yet', async () => {
    const continuation = new Continuation(usual, bytes, 100);
    const next = continuation.next();
    setImmediate(() => continuation.choose(sure(97)));
    assert.deepEqual(await next, { done: false, value: { text: 'a', tokens: [] } });
  });
});

describe('stop strings', () => {
  const given = (stops: readonly string[], ...texts: readonly string[]): readonly string[] => {
    const strings = new StopStrings(stops);
    return [...texts.map((text) => strings.push(text)), strings.end()];
  };

  test('hold back what may become one, and give it when it does not', () => {
    assert.deepEqual(given(['</s>'], 'a<', '/', 'b', '<', '/s'), ['a', '', '</b', '', '', '</s']);
  });
  test('end at the first of several, also inside of a piece', () => {
    assert.deepEqual(given(['cd', 'b'], 'abcd', 'e'), ['a', '', '']);
  });
  test('may overlap themselves', () => {
    assert.deepEqual(given(['aab'], 'a', 'a', 'a', 'b', 'c'), ['', '', 'a', '', '', '']);
  });
  test('of none give everything at once', () => {
    assert.deepEqual(given([], 'a', 'b'), ['a', 'b', '']);
  });
});

describe('choosing among the likeliest', () => {
  const logits = Float32Array.of(2, 1, 0, -1, -2);
  const chosen = (options: Partial<Parameters<typeof sampler>[0]>): number[] => {
    const sample = sampler({ temperature: 1, topP: 1, seed: 3, ...options });
    return [...new Set(Array.from({ length: 3000 }, () => sample(logits)))].sort((a, b) => a - b);
  };

  test('topK keeps so many', () => {
    assert.deepEqual(chosen({ topK: 3 }), [0, 1, 2]);
    assert.deepEqual(chosen({ topK: 99 }), [0, 1, 2, 3, 4]);
  });
  test('minP keeps what is likely enough beside the likeliest', () => {
    // e⁻² is 0.135, e⁻¹ is 0.37
    assert.deepEqual(chosen({ minP: 0.13 }), [0, 1, 2]);
    assert.deepEqual(chosen({ minP: 0.14 }), [0, 1]);
    assert.deepEqual(chosen({ minP: 1 }), [0]);
  });
  test('topP counts the share of what topK has kept', () => {
    // Of three the first two have 0.91: of all they have 0.867.
    assert.deepEqual(chosen({ topP: 0.9 }), [0, 1, 2]);
    assert.deepEqual(chosen({ topK: 3, topP: 0.9 }), [0, 1]);
  });
  test('rare tokens count where topP asks for nearly everything', () => {
    const many = new Float32Array(20_000).fill(-10);
    many[7] = 0;
    const sample = sampler({ temperature: 1, topP: 0.9, seed: 1 });
    const found = new Set(Array.from({ length: 50 }, () => sample(many)));
    assert.ok(found.size > 5, `${found.size}`);
  });
});

test('a penalty for repetition makes each token that was there less likely, once', () => {
  const logits = Float32Array.of(2, -2, 3, 0.5);
  penalizeRepetition(logits, new Set([0, 1, 9]), 2);
  assert.deepEqual([...logits], [1, -4, 3, 0.5]);
});

test('log-probabilities are those of a softmax', () => {
  const logits = Float32Array.of(1000, 1001, 999, 1001);
  assert.ok(Math.abs(logSumExp(logits) - (1001 + Math.log(2 + Math.exp(-1) + Math.exp(-2)))) < 1e-9);
  const top = likeliestTokens(logits, 3);
  assert.deepEqual(
    top.map(({ id }) => id),
    [1, 3, 0],
  );
  assert.ok(Math.abs(Math.exp(top[0]!.logProbability) - 1 / (2 + Math.exp(-1) + Math.exp(-2))) < 1e-9);
  assert.equal(likeliestTokens(logits, 0).length, 0);
});
