/** Losses by step, in order. */
export interface Losses {
  readonly training: readonly (readonly [step: number, loss: number])[];
  readonly evaluation: readonly (readonly [step: number, loss: number])[];
}

const [width, height] = [720, 320];
const margin = { left: 56, right: 16, top: 28, bottom: 40 };
/** More points than this are averaged: the picture has no more columns to show. */
const mostPoints = 300;

/**
 * A picture of the losses as SVG, for a model card: training as a line, evaluation as dots. It depends on the losses alone
 * and brings its own background, so that it can be read on light and dark pages. Undefined with fewer than two steps.
 */
export function renderLossCurve({ training, evaluation }: Losses): string | undefined {
  const line = averaged(training.filter(([, loss]) => Number.isFinite(loss)));
  const dots = evaluation.filter(([, loss]) => Number.isFinite(loss));
  if (line.length < 2) return undefined;
  const all = [...line, ...dots];
  const [firstStep, lastStep] = [Math.min(...all.map(([step]) => step)), Math.max(...all.map(([step]) => step))];
  const ticks = niceTicks(Math.min(...all.map(([, loss]) => loss)), Math.max(...all.map(([, loss]) => loss)));
  const [low, high] = [ticks[0]!, ticks.at(-1)!];
  const x = (step: number): string =>
    fixed(margin.left + ((step - firstStep) / (lastStep - firstStep)) * (width - margin.left - margin.right));
  const y = (loss: number): string =>
    fixed(margin.top + ((high - loss) / (high - low)) * (height - margin.top - margin.bottom));
  const right = width - margin.right;
  const digits = Math.max(0, -Math.floor(Math.log10(ticks[1]! - low)));
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" font-family="sans-serif" font-size="12" fill="#444">`,
    `<title>Loss from step ${firstStep} to step ${lastStep}: ${number(line[0]![1])} to ${number(line.at(-1)![1])}</title>`,
    `<rect width="${width}" height="${height}" fill="#fff"/>`,
    ...ticks.map(
      (tick) =>
        `<path d="M${margin.left} ${y(tick)}H${right}" stroke="#ddd"/>` +
        `<text x="${margin.left - 8}" y="${y(tick)}" dy="4" text-anchor="end">${tick.toFixed(digits)}</text>`,
    ),
    `<text x="${margin.left}" y="${height - 20}">step ${firstStep}</text>`,
    `<text x="${right}" y="${height - 20}" text-anchor="end">step ${lastStep}</text>`,
    `<polyline fill="none" stroke="#1f6feb" stroke-width="1.5" points="${line.map(([step, loss]) => `${x(step)},${y(loss)}`).join(' ')}"/>`,
    ...dots.map(([step, loss]) => `<circle cx="${x(step)}" cy="${y(loss)}" r="4" fill="#d1242f"/>`),
    `<text x="${margin.left}" y="16"><tspan fill="#1f6feb">● training loss</tspan>` +
      `${dots.length === 0 ? '' : '<tspan dx="16" fill="#d1242f">● evaluation loss</tspan>'}</text>`,
    '</svg>',
    '',
  ].join('\n');
}

function averaged(points: Losses['training']): Losses['training'] {
  const each = Math.ceil(points.length / mostPoints);
  if (each <= 1) return points;
  const groups = Array.from({ length: Math.ceil(points.length / each) }, (_, i) =>
    points.slice(i * each, (i + 1) * each),
  );
  return groups.map((group) => [group.at(-1)![0], group.reduce((sum, [, loss]) => sum + loss, 0) / group.length]);
}

/** Round numbers that enclose the range: 1, 2 or 5 times a power of ten apart. */
function niceTicks(low: number, high: number): number[] {
  const span = high > low ? high - low : Math.max(Math.abs(high), 1e-9);
  const power = 10 ** Math.floor(Math.log10(span / 4));
  const step = power * ([1, 2, 5].find((factor) => factor * power * 5 >= span) ?? 10);
  const first = Math.floor(low / step);
  const count = Math.max(1, Math.ceil(high / step) - first);
  return Array.from({ length: count + 1 }, (_, i) => (first + i) * step);
}

function fixed(value: number): string {
  return String(Number(value.toFixed(1)));
}

function number(value: number): string {
  return String(Number(value.toPrecision(4)));
}
