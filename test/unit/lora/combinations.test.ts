import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { combinations } from '../../../src/engine/lora/combinations';
import type { CombinedUpdate, WeightedUpdate } from '../../../src/engine/lora/combinations';
import { randomStream } from '../../../src/random/randomStream';

interface StoredLayer {
  readonly path: string;
  readonly inFeatures: number;
  readonly outFeatures: number;
  readonly rank: number;
  readonly updates: readonly { factor: number; r: number; A: readonly number[]; B: readonly number[] }[];
  readonly A: readonly number[];
  readonly B: readonly number[];
}

/** What PEFT made of the same adapters; see test/parity/combinationFixtures.py. */
const { cases } = JSON.parse(readFileSync('test/unit/lora/fixtures/combinations.json', 'utf8')) as {
  readonly cases: readonly {
    readonly name: string;
    readonly type: 'cat' | 'svd' | 'linear';
    readonly layers: readonly StoredLayer[];
  }[];
};

/** Σ factor · B·A, row by row. */
function product(updates: readonly WeightedUpdate[], inFeatures: number, outFeatures: number): Float64Array {
  const sum = new Float64Array(outFeatures * inFeatures);
  for (const { factor, r, A, B } of updates) {
    for (let at = 0; at < sum.length; at++) {
      const [out, column] = [Math.floor(at / inFeatures), at % inFeatures];
      for (let k = 0; k < r; k++) sum[at]! += factor * B[out * r + k]! * A[k * inFeatures + column]!;
    }
  }
  return sum;
}

function made(type: 'cat' | 'svd' | 'linear', layer: StoredLayer): CombinedUpdate & { updates: WeightedUpdate[] } {
  const updates = layer.updates.map(({ factor, r, A, B }) => {
    return { factor, r, A: Float32Array.from(A), B: Float32Array.from(B) };
  });
  return { ...combinations[type](updates, layer, randomStream(1)), updates };
}

function assertClose(own: ArrayLike<number>, other: ArrayLike<number>, what: string): void {
  assert.equal(own.length, other.length, what);
  for (let i = 0; i < own.length; i++) {
    assert.ok(Math.abs(own[i]! - other[i]!) < 2e-5, `${what}[${i}]: ${own[i]} instead of ${other[i]}`);
  }
}

describe("a combination is that of PEFT's add_weighted_adapter", () => {
  for (const { name, type, layers } of cases) {
    test(name, () => {
      assert.ok(layers.length > 0);
      for (const layer of layers) {
        const { path, inFeatures, outFeatures, rank } = layer;
        const { A, B } = made(type, layer);
        if (type !== 'svd') {
          assertClose(A, layer.A, `${path} A`);
          assertClose(B, layer.B, `${path} B`);
          continue;
        }
        // Singular vectors may point the other way round, their products may not.
        // PEFT leaves out ranks that a layer is too small for.
        const theirs = {
          factor: 1,
          r: layer.B.length / outFeatures,
          A: Float32Array.from(layer.A),
          B: Float32Array.from(layer.B),
        };
        const own = product([{ factor: 1, r: rank, A, B }], inFeatures, outFeatures);
        assertClose(own, product([theirs], inFeatures, outFeatures), path);
      }
    });
  }
});

describe('how far a combination is from the sum', () => {
  for (const { name, type, layers } of cases) {
    test(`is said truly: ${name}`, () => {
      for (const layer of layers) {
        const { inFeatures, outFeatures, rank } = layer;
        const { A, B, sumSquares, lostSquares, updates } = made(type, layer);
        const sum = product(updates, inFeatures, outFeatures);
        const own = product([{ factor: 1, r: rank, A, B }], inFeatures, outFeatures);
        const squares = (values: Float64Array): number => values.reduce((total, value) => total + value ** 2, 0);
        assert.ok(Math.abs(squares(sum) - sumSquares) < 1e-5 * sumSquares, layer.path);
        const lost = squares(sum.map((value, i) => value - own[i]!));
        assert.ok(Math.abs(lost - lostSquares) < 1e-5 * sumSquares, layer.path);
        if (type === 'cat') assert.equal(lostSquares, 0);
      }
    });
  }
});

test('adapters of large ranks are combined in seconds', () => {
  const [inFeatures, outFeatures, r] = [1024, 1024, 128];
  const noise = (length: number, seed: number): Float32Array =>
    Float32Array.from({ length }, (_, i) => Math.sin(1 + i * seed * 12.9898) * 0.1);
  const updates = [1, 2].map((seed) => ({
    factor: 1,
    r,
    A: noise(r * inFeatures, seed),
    B: noise(outFeatures * r, seed + 2),
  }));
  const start = performance.now();
  combinations.svd(updates, { inFeatures, outFeatures, rank: 4 }, randomStream(1));
  const seconds = (performance.now() - start) / 1000;
  // The bases alone take a fraction of one; dot products cubic in the ranks took half a minute.
  assert.ok(seconds < 6, `${seconds} s`);
});

test('nothing is combined to nothing', () => {
  const update = { factor: 0, r: 2, A: new Float32Array(8).fill(1), B: new Float32Array(6).fill(1) };
  for (const type of ['cat', 'svd', 'linear'] as const) {
    const size = { inFeatures: 4, outFeatures: 3, rank: type === 'cat' ? 4 : 2 };
    const { A, B, sumSquares } = combinations[type]([update, update], size, randomStream(1));
    assert.equal(sumSquares, 0);
    assert.ok(product([{ factor: 1, r: size.rank, A, B }], 4, 3).every((value) => value === 0));
  }
});
