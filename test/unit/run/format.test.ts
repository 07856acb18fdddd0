import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { formatBytes, formatCount, formatDuration, formatNumber, formatPercent } from '../../../src/run/format';

function table<Value>(
  name: string,
  format: (value: Value) => string,
  rows: readonly (readonly [Value, string])[],
): void {
  describe(name, () => {
    for (const [value, text] of rows) test(`${String(value)} is ${text}`, () => assert.equal(format(value), text));
  });
}

table('formatCount', formatCount, [
  [0, '0'],
  [999, '999'],
  [1000, '1,000'],
  [15_191_712, '15,191,712'],
]);
table('formatBytes', formatBytes, [
  [0, '0 bytes'],
  [999, '999 bytes'],
  [92_160, '92.2 kB'],
  [999_600, '1.00 MB'],
  [1_390_000_000, '1.39 GB'],
]);
table('formatDuration', formatDuration, [
  [0.4, '0 s'],
  [59.4, '59 s'],
  [59.6, '1 min 00 s'],
  [125, '2 min 05 s'],
  [3780, '1 h 03 min'],
  [200_000, '2 d 7 h'],
  [Number.NaN, '?'],
]);
table('formatPercent', formatPercent, [
  [0, '0 %'],
  [100, '100 %'],
  [12.345, '12.3 %'],
  [0.6066, '0.61 %'],
  [0.00123, '0.0012 %'],
]);
table('formatNumber', formatNumber, [
  [2.34567, '2.346'],
  [0, '0'],
  [0.0123456, '0.01235'],
  [0.0002, '2.00e-4'],
  [1234.56, '1234.6'],
  [Number.NaN, 'NaN'],
]);
