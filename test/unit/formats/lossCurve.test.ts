import assert from 'node:assert/strict';
import { test } from 'node:test';
import { renderLossCurve } from '../../../src/engine/formats/lossCurve';

const falling = (steps: number): (readonly [number, number])[] =>
  Array.from({ length: steps }, (_, i) => [i + 1, 3 / (i + 1) + 0.2]);

function points(svg: string): [number, number][] {
  const [, list] = /points="([^"]+)"/.exec(svg)!;
  return list!.split(' ').map((pair) => pair.split(',').map(Number) as [number, number]);
}

test('the line begins at the left, ends at the right, and falls with the loss', () => {
  const svg = renderLossCurve({ training: falling(20), evaluation: [] })!;
  const line = points(svg);
  assert.equal(line.length, 20);
  assert.deepEqual([line[0]![0], line.at(-1)![0]], [56, 704]);
  for (const [i, [, y]] of line.entries()) if (i > 0) assert.ok(y > line[i - 1]![1]);
  assert.doesNotMatch(svg, /evaluation|NaN|Infinity/);
});

test('evaluations are dots on the same scale', () => {
  const svg = renderLossCurve({ training: falling(10), evaluation: [[10, 0.5]] })!;
  const [, cx, cy] = /<circle cx="([\d.]+)" cy="([\d.]+)"/.exec(svg)!;
  assert.equal(Number(cx), 704);
  // The line's last point is 0.5, too.
  assert.equal(Number(cy), points(svg).at(-1)![1]);
  assert.match(svg, /evaluation loss/);
});

test('axes have round numbers that enclose the losses', () => {
  const training = [
    [1, 2.37],
    [2, 0.93],
  ] as const;
  const svg = renderLossCurve({ training, evaluation: [] })!;
  const labels = [...svg.matchAll(/text-anchor="end">([\d.]+)</g)].map(([, text]) => text);
  assert.deepEqual(labels, ['0.5', '1.0', '1.5', '2.0', '2.5']);
});

test('long runs are averaged, flat and broken ones drawn, short ones not', () => {
  assert.equal(points(renderLossCurve({ training: falling(5000), evaluation: [] })!).length, 295);
  const flat = renderLossCurve({ training: falling(3).map(([step]) => [step, 1] as const), evaluation: [] })!;
  assert.doesNotMatch(flat, /NaN|Infinity/);
  const broken = [...falling(3), [4, Number.NaN]] as const;
  assert.equal(points(renderLossCurve({ training: broken, evaluation: [] })!).length, 3);
  assert.equal(renderLossCurve({ training: falling(1), evaluation: [] }), undefined);
});
