/** One point of a chart; `x` rises along a series. */
export interface Point {
  readonly x: number;
  readonly y: number;
}

export interface ChartOptions {
  /** Characters in all, axis included. */
  readonly width: number;
  /** Lines of the drawing itself. */
  readonly height: number;
  /** Braille characters, eight dots each; otherwise plain letters. */
  readonly hasUnicode: boolean;
  readonly format: (y: number) => string;
}

/** What a character cell is divided into. */
interface Dots {
  readonly across: number;
  readonly down: number;
}

/** Bits of a braille character by column and row of its dots: https://www.unicode.org/charts/PDF/U2800.pdf */
const brailleBits = [
  [0x01, 0x02, 0x04, 0x40],
  [0x08, 0x10, 0x20, 0x80],
] as const;

/**
 * A chart of `line` with `marks` set on it, as lines of text; nothing when there are fewer than two points.
 * Several points that share a column are averaged.
 */
export function renderChart(line: readonly Point[], marks: readonly Point[], options: ChartOptions): readonly string[] {
  const points = line.filter(({ y }) => Number.isFinite(y));
  const marked = marks.filter(({ y }) => Number.isFinite(y));
  if (points.length < 2) return [];
  const scale = scaleOf([...points, ...marked]);
  const labels = axisLabels(scale, options);
  const labelWidth = Math.max(...labels.map((label) => label.length));
  const columns = Math.max(8, options.width - labelWidth - 3);
  const cells = drawLine(points, scale, columns, options);
  for (const mark of marked) {
    const { column, row } = cellOf(mark, scale, { across: columns, down: options.height });
    cells[row]![column] = options.hasUnicode ? '◆' : 'o';
  }
  const axis = options.hasUnicode ? '│' : '|';
  const rows = cells.map((row, at) => `${labels[at]!.padStart(labelWidth)} ${axis}${row.join('').trimEnd()}`);
  return [...rows, ...bottomAxis(scale, labelWidth, columns, options.hasUnicode)];
}

interface Scale {
  readonly left: number;
  readonly right: number;
  readonly low: number;
  readonly high: number;
}

function scaleOf(points: readonly Point[]): Scale {
  const bounds = { left: Infinity, right: -Infinity, low: Infinity, high: -Infinity };
  for (const { x, y } of points) {
    bounds.left = Math.min(bounds.left, x);
    bounds.right = Math.max(bounds.right, x);
    bounds.low = Math.min(bounds.low, y);
    bounds.high = Math.max(bounds.high, y);
  }
  // A flat line lies in the middle.
  const margin = bounds.high === bounds.low ? Math.max(Math.abs(bounds.high) * 0.1, 1e-9) : 0;
  return { ...bounds, low: bounds.low - margin, high: bounds.high + margin };
}

function cellOf({ x, y }: Point, scale: Scale, grid: Dots): { column: number; row: number } {
  const across = scale.right === scale.left ? 0 : (x - scale.left) / (scale.right - scale.left);
  const down = (scale.high - y) / (scale.high - scale.low);
  return { column: Math.round(across * (grid.across - 1)), row: Math.round(down * (grid.down - 1)) };
}

function drawLine(points: readonly Point[], scale: Scale, columns: number, options: ChartOptions): string[][] {
  const dots: Dots = options.hasUnicode ? { across: 2, down: 4 } : { across: 1, down: 1 };
  const grid: Dots = { across: columns * dots.across, down: options.height * dots.down };
  const bits = Array.from({ length: options.height }, () => new Array<number>(columns).fill(0));
  for (const { column, row } of connected(averaged(points, scale, grid), scale, grid)) {
    const cell = options.hasUnicode ? brailleBits[column % 2]![row % 4]! : 1;
    bits[Math.floor(row / dots.down)]![Math.floor(column / dots.across)]! |= cell;
  }
  const filled = (value: number): string => (options.hasUnicode ? String.fromCodePoint(0x2800 + value) : '*');
  return bits.map((row) => row.map((value) => (value === 0 ? ' ' : filled(value))));
}

/** One point for each column of dots that has any. */
function averaged(points: readonly Point[], scale: Scale, grid: Dots): readonly Point[] {
  const sums = new Map<number, { x: number; y: number; count: number }>();
  for (const point of points) {
    const { column } = cellOf(point, scale, grid);
    const sum = sums.get(column) ?? { x: 0, y: 0, count: 0 };
    sums.set(column, { x: sum.x + point.x, y: sum.y + point.y, count: sum.count + 1 });
  }
  return [...sums.values()].map(({ x, y, count }) => ({ x: x / count, y: y / count }));
}

/** The dots of the straight lines between neighbours. */
function* connected(points: readonly Point[], scale: Scale, grid: Dots): Generator<{ column: number; row: number }> {
  let before: { column: number; row: number } | undefined;
  for (const point of points) {
    const to = cellOf(point, scale, grid);
    const from = before ?? to;
    const length = Math.max(1, Math.abs(to.column - from.column), Math.abs(to.row - from.row));
    for (let at = 0; at <= length; at++) {
      const part = at / length;
      yield {
        column: Math.round(from.column + (to.column - from.column) * part),
        row: Math.round(from.row + (to.row - from.row) * part),
      };
    }
    before = to;
  }
}

/** A value at the top, the middle and the bottom line. */
function axisLabels(scale: Scale, { height, format }: ChartOptions): readonly string[] {
  const middle = Math.floor((height - 1) / 2);
  return Array.from({ length: height }, (_, row) => {
    if (row !== 0 && row !== middle && row !== height - 1) return '';
    const part = height === 1 ? 0 : row / (height - 1);
    return format(scale.high - (scale.high - scale.low) * part);
  });
}

function bottomAxis(scale: Scale, labelWidth: number, columns: number, hasUnicode: boolean): readonly string[] {
  const indent = ' '.repeat(labelWidth + 1);
  const first = `step ${scale.left}`;
  const last = String(scale.right);
  const gap = Math.max(1, columns - first.length - last.length);
  const corner = hasUnicode ? '└' : '+';
  return [
    `${indent}${corner}${(hasUnicode ? '─' : '-').repeat(columns)}`,
    `${indent} ${first}${' '.repeat(gap)}${last}`,
  ];
}

/** A horizontal bar; a value that is not nothing always shows. `share` of `width` characters, 0 to 1. */
export function renderBar(share: number, width: number, hasUnicode: boolean): string {
  const clamped = Math.max(0, Math.min(1, share));
  if (clamped === 0) return '';
  if (!hasUnicode) return '#'.repeat(Math.max(1, Math.round(clamped * width)));
  const eighths = Math.max(1, Math.round(clamped * width * 8));
  const rest = eighths % 8;
  return '█'.repeat(Math.floor(eighths / 8)) + (rest === 0 ? '' : '▏▎▍▌▋▊▉'[rest - 1]!);
}
