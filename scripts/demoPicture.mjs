// Runs the demo and draws what it printed as a terminal window: media/demo.svg, the picture in the README.
//   node scripts/demoPicture.mjs
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

/** Pixels, at the width that the picture has in a README. */
const frame = { width: 800, bar: 36, padding: 24, font: 14, character: 8.43, line: 20.5 };
const columns = Math.floor((frame.width - 2 * frame.padding) / frame.character);

/** Lighter than GitHub's dark page and darker than its light one. */
const colours = {
  window: '#161b22',
  border: '#3d444d',
  text: '#e6edf3',
  dim: '#9198a1',
  before: '#f0b072',
  after: '#7ee787',
  afterBand: '#1f3a2a',
  beforeBand: '#3a2d1f',
  rest: '#30363d',
};

/** The command at the end is too long for a picture. */
const leftOut = /^Try it:/;

const printed = runDemo();
const svg = draw([{ text: '$ npm run demo', colour: colours.dim }, ...styled(printed)]);
mkdirSync(path.join(root, 'media'), { recursive: true });
writeFileSync(path.join(root, 'media', 'demo.svg'), svg);

function runDemo() {
  for (const args of [['esbuild.mjs'], ['examples/numbers/demo.mjs']]) {
    const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8' });
    if (status !== 0) throw new Error(`node ${args.join(' ')} ended with exit code ${status}:\n${stderr}`);
    if (args[0] !== 'esbuild.mjs') return stdout.trimEnd().split('\n');
  }
}

/** Each line with its looks; what the model says before and after stands out. */
function styled(lines) {
  let part = '';
  return lines
    .filter((line) => !leftOut.test(line))
    .flatMap((line) => {
      if (/^(Before|After) \(/.test(line)) {
        part = line.startsWith('Before') ? 'before' : 'after';
        return [{ text: line, colour: colours[part], isBold: true }];
      }
      if (line === '') part = '';
      if (part !== '') return [{ text: line, colour: colours[part], band: colours[`${part}Band`] }];
      const bar = /^(\s*.*?\s+)([█░]+)( .*)$/.exec(line);
      if (bar !== null) return [{ text: bar[1], bar: bar[2], after: bar[3], colour: colours.text }];
      const colour = /^\s+step/.test(line) ? colours.dim : colours.text;
      return wrapped(line).map((text) => ({ text, colour }));
    });
}

/** A line at the width of the window, broken between words. */
function wrapped(line) {
  if (line.length <= columns) return [line];
  const at = line.lastIndexOf(' ', columns);
  return [line.slice(0, at), ...wrapped(line.slice(at + 1))];
}

function draw(lines) {
  const { width, bar, padding, font, line } = frame;
  const height = Math.ceil(bar + lines.length * line + padding);
  const words = lines.map((each) => [each.text, each.bar, each.after].join('')).join('\n');
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-labelledby="title">`,
    `<title id="title">${escaped(altText(words))}</title>`,
    `<rect x="0.5" y="0.5" width="${width - 1}" height="${height - 1}" rx="10" fill="${colours.window}" stroke="${colours.border}"/>`,
    ...['#ff5f57', '#febc2e', '#28c840'].map(
      (fill, at) => `<circle cx="${24 + 20 * at}" cy="20" r="6" fill="${fill}"/>`,
    ),
    `<g font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', 'Liberation Mono', monospace" font-size="${font}">`,
    ...lines.flatMap((each, at) => drawLine(each, bar + at * line)),
    '</g>',
    '</svg>',
    '',
  ].join('\n');
}

/** @param top upper edge of the line, in pixels */
function drawLine({ text, colour, isBold, band, bar, after }, top) {
  const { padding, character, font, line, width } = frame;
  const baseline = top + line / 2 + font * 0.35;
  const background =
    band === undefined
      ? []
      : [
          `<rect x="${padding - 10}" y="${round(top)}" width="${width - 2 * padding + 20}" height="${line}" rx="4" fill="${band}"/>`,
        ];
  const parts = [write(text, padding, baseline, colour, isBold)];
  if (bar !== undefined) {
    // Blocks have seams between them in many fonts: the bar is drawn.
    const start = padding + text.length * character;
    const full = bar.length * character;
    const share = (bar.split('█').length - 1) / bar.length;
    const box = `y="${round(top + 4)}" height="${round(line - 8)}" rx="2"`;
    parts.push(
      `<rect x="${round(start)}" ${box} width="${round(full)}" fill="${colours.rest}"/>`,
      `<rect x="${round(start)}" ${box} width="${round(full * share)}" fill="${share === 1 ? colours.before : colours.after}"/>`,
      write(after, start + full, baseline, colour),
    );
  }
  return [...background, ...parts.filter((part) => part !== '')];
}

/** Text at its exact width, whichever monospaced font the reader has. */
function write(text, x, y, colour, isBold = false) {
  const shown = text.trim();
  if (shown === '') return '';
  const { character } = frame;
  const start = x + (text.length - text.trimStart().length) * character;
  const weight = isBold ? ' font-weight="bold"' : '';
  return `<text x="${round(start)}" y="${round(y)}" fill="${colour}"${weight} textLength="${round(shown.length * character)}">${escaped(shown)}</text>`;
}

function altText(words) {
  const said = (title) => new RegExp(`^${title} \\(.*\\n(.*)$`, 'm').exec(words)?.[1] ?? '';
  return `npm run demo: before training the model says ${said('Before')} and afterwards ${said('After')}`;
}

function round(pixels) {
  return Number(pixels.toFixed(2));
}

/** For XML, which would take several blanks for one. */
function escaped(text) {
  const blanks = text.replaceAll('  ', ' \u00a0');
  return blanks.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
