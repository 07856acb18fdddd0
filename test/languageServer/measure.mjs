// `npm run measure:lsp`: how long an editor waits for the language server, and how much memory it takes, with a model
// in the shape of SmolLM2-135M and real tokens: with 100,000 rows, and with a dataset of 1 GB.
//   --keystrokes N    default 60
//   --rows 100k|1gb   only one of the two
import { mkdtempSync, rmSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { waitForQuiet } from '../parity/measuredProcess.mjs';
import { MeasuredServer } from './measuredServer.mjs';
import { writeModel, writeRows } from './measuredWorkspace.mjs';

const limits = { usual: 50, first: 1000, megabytes: 200 };
const datasets = {
  '100k': { title: '100,000 rows', isEnough: (_bytes, rows) => rows >= 100_000 },
  '1gb': { title: '1 GB', isEnough: (bytes) => bytes >= 1e9 },
};

const { values: options } = parseArgs({
  options: { keystrokes: { type: 'string', default: '60' }, rows: { type: 'string' } },
});
const keystrokes = Number(options.keystrokes);
const scratch = mkdtempSync(path.join(tmpdir(), 'lora-measure-'));
try {
  writeModel(path.join(scratch, 'model'));
  await waitForQuiet();
  let isGood = true;
  for (const name of options.rows === undefined ? Object.keys(datasets) : [options.rows]) {
    isGood = (await measureWith(datasets[name], path.join(scratch, `${name}.jsonl`))) && isGood;
  }
  process.exitCode = isGood ? 0 : 1;
} finally {
  rmSync(scratch, { recursive: true, force: true });
}

async function measureWith({ title, isEnough }, file) {
  const rows = writeRows(file, isEnough);
  const load = loadavg()[0];
  const server = new MeasuredServer();
  try {
    const times = await edit(server, path.basename(file));
    console.log(`\n${title} (${rows.toLocaleString('en')} rows), load ${load.toFixed(1)} on ${cpus().length} cores`);
    const lines = [
      ['start until it answers', { first: times.start }],
      ['diagnostics after opening', { first: times.opening }],
      ...['diagnostics', 'completion', 'hover', 'code lens'].map((name) => [name, summaryOf(times[name])]),
    ];
    console.log('                              first    median   95th percentile');
    for (const [name, { first, median, usual }] of lines)
      console.log(`${name.padEnd(28)}${ms(first)}${ms(median)}${ms(usual)}`);
    console.log(`all is known after          ${ms(times.known)}`);
    const { now, peak } = server.memory();
    console.log(`memory: ${now.toFixed(0)} MB, at most ${peak.toFixed(0)} MB`);
    return (
      lines.every(([, { first, usual = 0 }]) => first < limits.first && usual < limits.usual) && peak < limits.megabytes
    );
  } finally {
    server.kill();
    rmSync(file);
  }
}

/** Opens a recipe and types in it, as a person would but faster. */
async function edit(server, dataset) {
  const began = performance.now();
  await server.initialize(scratch);
  const start = performance.now() - began;
  const uri = pathToFileURL(path.join(scratch, 'mine.lora.json')).href;
  const opened = performance.now();
  server.notify('textDocument/didOpen', {
    textDocument: { uri, languageId: 'lora', version: 1, text: recipe(dataset, 8) },
  });
  await server.published(uri, () => true);
  const times = {
    start,
    opening: performance.now() - opened,
    diagnostics: [],
    completion: [],
    hover: [],
    'code lens': [],
  };
  const timed = async (name, work) => {
    const from = performance.now();
    await work();
    times[name].push(performance.now() - from);
  };
  for (let version = 2; version < keystrokes + 2; version++) {
    // Each keystroke changes what the adapter costs; every second one brings a problem, every other takes it away.
    const text = recipe(dataset, version % 2 === 0 ? `${version}, "rank": 1` : version);
    await timed('diagnostics', async () => {
      server.notify('textDocument/didChange', { textDocument: { uri, version }, contentChanges: [{ text }] });
      await server.published(uri, (codes) => codes.includes('unknown-key') === (version % 2 === 0));
    });
    const place = (word) => {
      const before = text.slice(0, text.indexOf(word) + 2).split('\n');
      return { textDocument: { uri }, position: { line: before.length - 1, character: before.at(-1).length } };
    };
    await timed('completion', () => server.request('textDocument/completion', place('q_proj')));
    await timed('hover', () => server.request('textDocument/hover', place('"r"')));
    await timed('code lens', () => server.request('textDocument/codeLens', { textDocument: { uri } }));
  }
  const rested = performance.now();
  // What tokenizes and plans comes once nobody types.
  for (;;) {
    const lenses = await server.request('textDocument/codeLens', { textDocument: { uri } });
    const titles = lenses.map(({ command }) => command.title).join('\n');
    if (/longest/.test(titles) && /memory about/.test(titles)) break;
    await server.anyMessage();
  }
  return { ...times, known: performance.now() - rested };
}

function recipe(dataset, rank) {
  return `{
  "base_model": "./model",
  "lora": { "target_modules": ["q_proj", "v_proj"], "lora_alpha": 16, "r": ${rank} },
  "dataset": { "path": "${dataset}", "max_length": 512 },
  "training": { "num_train_epochs": 3, "learning_rate": 2e-4 }
}
`;
}

function summaryOf([first, ...rest]) {
  const sorted = rest.sort((a, b) => a - b);
  const at = (share) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
  return { first, median: at(0.5), usual: at(0.95) };
}

function ms(time) {
  return time === undefined ? '         ' : `${time.toFixed(time < 10 ? 1 : 0)} ms`.padStart(9);
}
