import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { greedy, sampler } from '../../../src/engine/generate/sampling';

/** Logits of given probabilities. */
function logitsOf(...probabilities: number[]): Float32Array {
  return Float32Array.from(probabilities, (probability) => Math.log(probability));
}

/** How often each of `count` draws gives each token. */
function counts(draw: () => number, tokens: number, count: number): number[] {
  const found = new Array<number>(tokens).fill(0);
  for (let i = 0; i < count; i++) found[draw()]!++;
  return found;
}

describe('choosing the next token', () => {
  test('greedily takes the likeliest, and the first of several', () => {
    assert.equal(greedy(Float32Array.of(-1, 3, 2)), 1);
    assert.equal(greedy(Float32Array.of(-1, 3, 3)), 1);
    assert.equal(greedy(Float32Array.of(-5)), 0);
  });

  test('at temperature 0 is greedy', () => {
    const sample = sampler({ temperature: 0, topP: 1, seed: 1 });
    assert.equal(sample(Float32Array.of(1, 1.001, 0)), 1);
  });

  test('draws each token as often as it is likely', () => {
    const sample = sampler({ temperature: 1, topP: 1, seed: 3 });
    const probabilities = [0.5, 0.3, 0.15, 0.05];
    const found = counts(() => sample(logitsOf(...probabilities)), 4, 20_000);
    probabilities.forEach((probability, token) => {
      const spread = 5 * Math.sqrt(20_000 * probability * (1 - probability));
      assert.ok(Math.abs(found[token]! - 20_000 * probability) < spread, `${token}: ${found[token]!}`);
    });
  });

  test('is bolder at a high temperature and more careful at a low one', () => {
    const share = (temperature: number): number => {
      const sample = sampler({ temperature, topP: 1, seed: 4 });
      return counts(() => sample(logitsOf(0.8, 0.2)), 2, 5000)[0]! / 5000;
    };
    // 0.8ⁿ / (0.8ⁿ + 0.2ⁿ) with n = 1 / temperature
    assert.ok(Math.abs(share(0.5) - 16 / 17) < 0.02);
    assert.ok(Math.abs(share(2) - 2 / 3) < 0.03);
  });

  test('leaves out what is not among the likeliest that make up topP', () => {
    const sample = sampler({ temperature: 1, topP: 0.75, seed: 5 });
    const found = counts(() => sample(logitsOf(0.05, 0.5, 0.15, 0.3)), 4, 4000);
    assert.deepEqual([found[0], found[2]], [0, 0]);
    assert.ok(Math.abs(found[1]! / 4000 - 0.5 / 0.8) < 0.04);
  });

  test('always keeps one token, however small topP is', () => {
    const sample = sampler({ temperature: 1, topP: 0, seed: 6 });
    assert.deepEqual(
      counts(() => sample(logitsOf(0.3, 0.4, 0.3)), 3, 50),
      [0, 50, 0],
    );
  });

  test('gives the same tokens for the same seed, others for another one', () => {
    const draws = (seed: number): number[] => {
      const sample = sampler({ temperature: 1, topP: 0.9, seed });
      return Array.from({ length: 40 }, () => sample(logitsOf(0.4, 0.3, 0.2, 0.1)));
    };
    assert.deepEqual(draws(7), draws(7));
    assert.notDeepEqual(draws(7), draws(8));
  });

  test('can cope with logits as large as models have them', () => {
    const sample = sampler({ temperature: 0.01, topP: 1, seed: 9 });
    assert.equal(sample(Float32Array.of(-1e4, 900, 3e4, Number.NEGATIVE_INFINITY)), 2);
  });
});
