import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  blockForm,
  blockSize,
  decodeBlocks,
  encodeBlocks,
  fillsBlocks,
  nf4Values,
} from '../../../src/engine/formats/blocks';

/** Φ(x) by the series of its integral. */
function normalShare(x: number): number {
  let [term, sum] = [x, x];
  for (let k = 1; k < 200; k++) {
    term *= (x * x) / (2 * k + 1);
    sum += term;
  }
  return 0.5 + (sum * Math.exp((-x * x) / 2)) / Math.sqrt(2 * Math.PI);
}

function normalQuantile(share: number): number {
  let [low, high] = [-6, 6];
  for (let i = 0; i < 100; i++) {
    const middle = (low + high) / 2;
    if (normalShare(middle) < share) low = middle;
    else high = middle;
  }
  return low;
}

/** QLoRA's construction: quantiles of both halves of the normal distribution, 8 above zero, 7 below, and zero itself. */
function normalFloat(): number[] {
  const offset = 0.9677083;
  const steps = (count: number): number[] =>
    Array.from({ length: count }, (_, i) => normalQuantile(offset + ((0.5 - offset) * i) / count));
  const values = [...steps(8), 0, ...steps(7).map((value) => -value)];
  const largest = Math.max(...values);
  return values.map((value) => value / largest).sort((a, b) => a - b);
}

const numbers = Float32Array.from({ length: 4 * blockSize }, (_, i) => Math.fround(Math.sin(i * i) * (1 + i / 50)));

describe('blocks of numbers', () => {
  test('the values of nf4 are those of the paper', () => {
    normalFloat().forEach((value, i) => assert.ok(Math.abs(value - nf4Values[i]!) < 1e-6, `${i}: ${value}`));
  });

  test('nf4 takes the nearest value times the largest magnitude of the block', () => {
    const decoded = decodeBlocks(blockForm('nf4'), encodeBlocks('nf4', numbers));
    for (let i = 0; i < numbers.length; i++) {
      const from = blockSize * Math.floor(i / blockSize);
      const scale = Math.max(...numbers.subarray(from, from + blockSize).map(Math.abs));
      const nearest = Math.min(...normalFloat().map((value) => Math.abs(value * scale - numbers[i]!)));
      assert.ok(Math.abs(decoded[i]! - numbers[i]!) <= nearest + 1e-6 * scale, `number ${i}`);
    }
  });

  test('two nf4 codes share a byte, the first in the upper half', () => {
    const { codes, scales } = encodeBlocks(
      'nf4',
      Float32Array.from({ length: blockSize }, (_, i) => (i === 0 ? -2 : 2)),
    );
    assert.equal(scales[0], 2);
    assert.equal(codes[0], 0x0f);
  });

  for (const [format, levels] of [
    ['int8', 127],
    ['int4', 7],
  ] as const) {
    test(`${format} is off by half a step at most`, () => {
      const blocks = encodeBlocks(format, numbers);
      const decoded = decodeBlocks(blockForm(format), blocks);
      decoded.forEach((value, i) => {
        const step = blocks.scales[Math.floor(i / blockSize)]!;
        assert.ok(Math.abs(value - numbers[i]!) <= 0.5001 * step, `number ${i}`);
      });
      assert.equal(Math.fround(blocks.scales[0]! * levels), Math.max(...numbers.subarray(0, 64).map(Math.abs)));
    });
  }

  test('zeros stay zeros, and nothing is rounded a second time', () => {
    for (const format of ['int8', 'int4', 'nf4'] as const) {
      assert.deepEqual(
        decodeBlocks(blockForm(format), encodeBlocks(format, new Float32Array(64))),
        new Float32Array(64),
      );
      const once = decodeBlocks(blockForm(format), encodeBlocks(format, numbers));
      assert.deepEqual(decodeBlocks(blockForm(format), encodeBlocks(format, once)), once);
    }
  });

  test('only whole blocks', () => {
    assert.ok(fillsBlocks(128) && !fillsBlocks(100) && !fillsBlocks(0));
    assert.throws(() => encodeBlocks('nf4', new Float32Array(100)), /do not fill/);
  });
});
