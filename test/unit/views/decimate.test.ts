import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { decimate, nearest } from '../../../src/views/dashboard/decimate';

const ascending = (length: number): Float64Array => Float64Array.from({ length }, (_, at) => at + 1);
const wave = (length: number): Float64Array => Float64Array.from({ length }, (_, at) => Math.sin(at / 50));

describe('points for a chart', () => {
  test('are all there while they are few', () => {
    const points = decimate(ascending(5), Float64Array.of(5, 4, 3, 2, 1), 1, 5, 100);
    assert.deepEqual(
      points.map(({ x, y }) => [x, y]),
      [1, 2, 3, 4, 5].map((x) => [x, 6 - x]),
    );
  });

  test('are at most two for each part, and some beyond the edges', () => {
    const points = decimate(ascending(100_000), wave(100_000), 1, 100_000, 500);
    assert.ok(points.length <= 2 * 501, String(points.length));
    assert.ok(points.length > 900, String(points.length));
  });

  test('keep every spike, up and down, where it is', () => {
    const ys = wave(100_000);
    ys[31_415] = 50;
    ys[27_182] = -50;
    const points = decimate(ascending(100_000), ys, 1, 100_000, 300);
    assert.ok(points.some(({ x, y }) => x === 31_416 && y === 50));
    assert.ok(points.some(({ x, y }) => x === 27_183 && y === -50));
  });

  test('never go back', () => {
    const points = decimate(ascending(10_000), wave(10_000), 100.5, 9_000.25, 200);
    assert.ok(points.every(({ x }, at) => at === 0 || x > points[at - 1]!.x));
  });

  test('reach the edges of a part of the run, and no further than one point beyond', () => {
    const points = decimate(ascending(100_000), wave(100_000), 400.5, 600.5, 20);
    assert.equal(points[0]!.x, 400);
    assert.ok(points.at(-1)!.x >= 601 && points.at(-1)!.x <= 602);
  });

  test('have the extremes of what they stand for', () => {
    const xs = ascending(7_777);
    const ys = Float64Array.from(xs, (x) => Math.sin(x * x) * x);
    const kept = decimate(xs, ys, 1, 7_777, 111).map(({ y }) => y);
    assert.equal(Math.max(...kept), Math.max(...ys));
    assert.equal(Math.min(...kept), Math.min(...ys));
  });

  test('leave a gap where nothing was a number, and none where something was', () => {
    const ys = new Float64Array(1_000).fill(1);
    ys.fill(Number.NaN, 300, 400);
    ys[500] = Number.NaN;
    const points = decimate(ascending(1_000), ys, 1, 1_000, 50);
    const gaps = points.filter(({ y }) => Number.isNaN(y)).map(({ x }) => x);
    assert.ok(gaps.length > 0 && gaps.every((x) => x > 300 && x <= 400), gaps.join());
  });

  test('are none of none', () => assert.deepEqual(decimate(ascending(0), ascending(0), 1, 10, 5), []));
});

describe('the step nearest to a pointer', () => {
  const steps = Float64Array.of(10, 20, 40);
  const finds = (x: number, at: number): void => void test(`at ${x}`, () => assert.equal(nearest(steps, x), at));
  finds(-5, 0);
  finds(14, 0);
  finds(16, 1);
  finds(31, 2);
  finds(400, 2);
  test('is none of none', () => assert.equal(nearest(Float64Array.of(), 3), -1));
});
