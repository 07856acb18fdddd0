// The pictures of `learns.mjs` (loss against steps: the same learning, and against seconds: sooner) and of
// `quantized.mjs`, as SVG.

const panel = { width: 380, height: 230, left: 52, top: 48, gap: 64 };
const height = panel.top + panel.height + 82;
const lines = [
  { colour: '#0b6bcb', width: 2 },
  { colour: '#f59e0b', width: 5 },
  { colour: '#7c3aed', width: 2 },
  { colour: '#dc2626', width: 2 },
];
const learning = [
  { key: 'step', title: 'Evaluation loss by step: the same', unit: 'optimizer step' },
  { key: 'at', title: 'Evaluation loss by time: sooner', unit: 'seconds since the command was started' },
];

/**
 * @param curves name → points `{step, at, loss}`; `at` in seconds; up to four
 * @param panels what lies along each panel
 * @returns text of an SVG file
 */
export function drawCurves(curves, panels = learning) {
  const all = Object.values(curves).flat();
  const losses = niceRange(Math.min(...all.map(({ loss }) => loss)), Math.max(...all.map(({ loss }) => loss)));
  const placed = panels.map((one, i) => ({ ...one, x: panel.left + i * (panel.width + panel.gap) }));
  const width = placed.at(-1).x + panel.width + 24;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="system-ui, sans-serif" font-size="13">`,
    `<title>Evaluation loss of ${Object.keys(curves).join(' and ')}</title>`,
    `<rect width="${width}" height="${height}" fill="#ffffff"/>`,
    ...placed.map((place) => drawPanel(place, curves, losses)),
    ...Object.keys(curves).map((name, i, names) => legend(name, i, (width - panel.left) / names.length)),
    '</svg>\n',
  ].join('\n');
}

function drawPanel({ key, title, unit, x }, curves, losses) {
  const points = Object.values(curves).flat();
  const across = niceRange(0, Math.max(...points.map((point) => point[key])));
  const toX = (value) => (x + ((value - across.from) / (across.to - across.from)) * panel.width).toFixed(1);
  const toY = (loss) => (panel.top + ((losses.to - loss) / (losses.to - losses.from)) * panel.height).toFixed(1);
  const bottom = panel.top + panel.height;
  return [
    `<text x="${x}" y="${panel.top - 18}" font-size="15" fill="#111827">${title}</text>`,
    ...losses.ticks.map(
      (tick) =>
        `<path d="M${x} ${toY(tick)}h${panel.width}" stroke="#e5e7eb"/><text x="${x - 8}" y="${Number(toY(tick)) + 4}" text-anchor="end" fill="#4b5563">${label(tick)}</text>`,
    ),
    ...across.ticks.map(
      (tick) => `<text x="${toX(tick)}" y="${bottom + 18}" text-anchor="middle" fill="#4b5563">${label(tick)}</text>`,
    ),
    `<path d="M${x} ${bottom}h${panel.width}" stroke="#9ca3af"/>`,
    `<text x="${x + panel.width / 2}" y="${bottom + 38}" text-anchor="middle" fill="#4b5563">${unit}</text>`,
    // The first curve comes last and thinner, so that both are seen where they coincide.
    ...Object.values(curves)
      .map((curve, i) => drawCurve(curve, { key, toX, toY, ...lines[i] }))
      .toReversed(),
  ].join('\n');
}

function drawCurve(curve, { key, toX, toY, colour, width }) {
  const line = curve.map((point) => `${toX(point[key])},${toY(point.loss)}`).join(' ');
  const dots = curve.map(
    (point) => `<circle cx="${toX(point[key])}" cy="${toY(point.loss)}" r="${width + 1}" fill="${colour}"/>`,
  );
  return `<polyline points="${line}" fill="none" stroke="${colour}" stroke-width="${width}"/>${dots.join('')}`;
}

function legend(name, i, room) {
  const y = height - 14;
  const x = panel.left + i * room;
  return `<path d="M${x} ${y - 4}h24" stroke="${lines[i].colour}" stroke-width="${lines[i].width}"/><text x="${x + 32}" y="${y}" fill="#111827">${name}</text>`;
}

/** A range that begins and ends on round numbers, with four to eight of them as ticks. */
function niceRange(low, high) {
  const raw = (high - low) / 5;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((candidate) => candidate >= raw);
  const from = Math.floor(low / step) * step;
  const ticks = Array.from({ length: Math.ceil((high - from) / step - 1e-9) + 1 }, (_, i) => from + i * step);
  return { from, to: ticks.at(-1), ticks };
}

function label(tick) {
  return String(Number(tick.toPrecision(6)));
}
