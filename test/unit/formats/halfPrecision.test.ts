import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  bfloat16ToFloat32,
  float16ToFloat32,
  float32ToBfloat16,
  float32ToFloat16,
} from '../../../src/engine/formats/halfPrecision';
import { someFloats } from './scratch';

const allBits = Uint16Array.from({ length: 65536 }, (_, i) => i);

/** The value of a small float by its definition, in double arithmetic. */
function valueOf(bits: number, exponentBits: number, fractionBits: number): number {
  const sign = bits >>> 15 === 0 ? 1 : -1;
  const exponent = (bits >>> fractionBits) & ((1 << exponentBits) - 1);
  const fraction = (bits & ((1 << fractionBits) - 1)) / 2 ** fractionBits;
  const bias = 2 ** (exponentBits - 1) - 1;
  if (exponent === 2 ** exponentBits - 1) return fraction === 0 ? sign * Infinity : NaN;
  return exponent === 0 ? sign * fraction * 2 ** (1 - bias) : sign * (1 + fraction) * 2 ** (exponent - bias);
}

const formats = [
  { name: 'F16', widen: float16ToFloat32, narrow: float32ToFloat16, exponentBits: 5, fractionBits: 10 },
  { name: 'BF16', widen: bfloat16ToFloat32, narrow: float32ToBfloat16, exponentBits: 8, fractionBits: 7 },
] as const;

for (const { name, widen, narrow, exponentBits, fractionBits } of formats) {
  const value = (bits: number): number => valueOf(bits, exponentBits, fractionBits);
  const isNan = (bits: number): boolean => Number.isNaN(value(bits));

  describe(name, () => {
    test('every one of the 65,536 numbers widens to exactly its value', () => {
      const wide = widen(allBits);
      for (const bits of allBits) {
        assert.ok(Object.is(wide[bits], value(bits)), `0x${bits.toString(16)}: ${wide[bits]} is not ${value(bits)}`);
      }
    });

    test('every number survives widening and narrowing bit by bit, NaN stays NaN', () => {
      const back = narrow(widen(allBits));
      for (const bits of allBits) {
        if (isNan(bits)) assert.ok(isNan(back[bits]!));
        else assert.equal(back[bits], bits);
      }
    });

    test('between two neighbours the nearer one is taken, and in the middle the even one', () => {
      const largestFinite = (2 ** exponentBits - 1) * 2 ** fractionBits - 1;
      for (let low = 0; low < largestFinite; low++) {
        const middle = (value(low) + value(low + 1)) / 2;
        const even = low % 2 === 0 ? low : low + 1;
        const single = Float32Array.of(middle);
        if (single[0] !== middle) continue; // below the smallest single
        const bits = new Uint32Array(single.buffer)[0]!;
        const around = new Float32Array(Uint32Array.of(bits - 1, bits, bits + 1).buffer);
        assert.deepEqual([...narrow(around)], [low, even, low + 1], `around ${middle}`);
        const negative = around.map((x) => -x);
        assert.deepEqual([...narrow(negative)], [0x8000 | low, 0x8000 | even, 0x8000 | (low + 1)], `around ${-middle}`);
      }
    });

    test('what is too large becomes infinity, what is too small becomes zero of its sign', () => {
      const largest = value((2 ** exponentBits - 1) * 2 ** fractionBits - 1);
      const infinity = (2 ** exponentBits - 1) * 2 ** fractionBits;
      assert.equal(narrow(Float32Array.of(largest))[0], infinity - 1);
      assert.equal(narrow(Float32Array.of(3.4028234663852886e38))[0], infinity);
      assert.equal(narrow(Float32Array.of(Infinity))[0], infinity);
      assert.deepEqual([...narrow(Float32Array.of(0, -0, 1e-45, -1e-45))], [0, 0x8000, 0, 0x8000]);
    });

    test('a NaN whose payload lies in the lost bits stays a NaN', () => {
      const nan = new Float32Array(Uint32Array.of(0x7f800001, 0xff800001, 0x7fffffff).buffer);
      for (const bits of narrow(nan)) assert.ok(isNan(bits));
    });

    test('it writes into the target it is given', () => {
      const target = new Float32Array(3);
      assert.equal(widen(narrow(Float32Array.of(1, -2, 0.5)), target), target);
      assert.deepEqual([...target], [1, -2, 0.5]);
    });

    test('a view inside a larger buffer converts its own elements only', () => {
      const source = someFloats(8);
      assert.deepEqual(narrow(source.subarray(3, 5)), narrow(source).slice(3, 5));
    });
  });
}
