import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { renderBar, renderChart, type Point } from '../../../src/cli/chart';

function line(...ys: readonly number[]): readonly Point[] {
  return ys.map((y, at) => ({ x: at + 1, y }));
}

const plain = { width: 16, height: 4, hasUnicode: false, format: (y: number) => y.toFixed(1) };

describe('a chart', () => {
  test('falls from top left to bottom right', () => {
    assert.deepEqual(renderChart(line(4, 3, 2, 1), [], { ...plain, width: 13 }), [
      '4.0 |*',
      '3.0 | ***',
      '    |    **',
      '1.0 |      **',
      '    +--------',
      '     step 1 4',
    ]);
  });

  test('has eight dots in a braille character', () => {
    assert.deepEqual(renderChart(line(2, 1), [], { ...plain, width: 12, height: 2, hasUnicode: true }), [
      '2.0 │⠉⠒⠤⣀',
      '1.0 │    ⠉⠒⠤⣀',
      '    └────────',
      '     step 1 2',
    ]);
  });

  test('sets marks on the line', () => {
    const marks = [{ x: 4, y: 1 }];
    assert.equal(renderChart(line(4, 3, 2, 1), marks, { ...plain, width: 13 })[3], '1.0 |      *o');
  });

  test('averages the steps that share a column', () => {
    const many = Array.from({ length: 800 }, (_, at) => ({ x: at, y: at % 2 === 0 ? 0 : 1 }));
    const rows = renderChart([{ x: -1, y: 0 }, ...many, { x: 800, y: 1 }], [], { ...plain, width: 60, height: 5 });
    assert.ok(Math.max(...rows.map((row) => row.length)) <= 60);
    assert.match(rows[2]!, /\*{40}/);
  });

  test('puts a loss that never changes into the middle', () => {
    const rows = renderChart(line(2, 2, 2), [], { ...plain, height: 3 });
    assert.match(rows[1]!, /^2\.0 \|\*+$/);
  });

  test('leaves out what is not a number, and draws nothing of a single point', () => {
    assert.deepEqual(renderChart(line(1), [], plain), []);
    assert.deepEqual(renderChart(line(1, Number.NaN), [], plain), []);
    assert.equal(renderChart(line(2, Number.NaN, 1), [], plain).length, 6);
  });

  test('keeps to its width', () => {
    for (const width of [20, 40, 80]) {
      const rows = renderChart(line(5, 1, 4, 2), [], { ...plain, width });
      assert.ok(Math.max(...rows.map((row) => row.length)) <= width);
    }
  });
});

describe('a bar', () => {
  test('is as long as its share', () => {
    assert.equal(renderBar(1, 4, true), '████');
    assert.equal(renderBar(0.5, 3, true), '█▌');
    assert.equal(renderBar(0.5, 4, false), '##');
  });

  test('shows the smallest share, and nothing for nothing', () => {
    assert.equal(renderBar(1e-6, 10, true), '▏');
    assert.equal(renderBar(1e-6, 10, false), '#');
    assert.equal(renderBar(0, 10, true), '');
  });
});
