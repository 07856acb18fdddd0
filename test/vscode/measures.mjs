// What is measured in a real VS Code. Each measure gives rows of the table: [figure, limit or '', text, whether it holds].
import { spawnSync } from 'node:child_process';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { copyExample, endless, recipeName, record, runs, stepOf } from './example.mjs';
import { heapBytes } from './heap.mjs';
import { enginesBelow, processorSeconds, residentBytes } from './processes.mjs';
import { until } from './workbench.mjs';

const data = path.resolve(process.env.LORA_TEST_DATA ?? '../shared/data');
const storiesName = 'stories.lora.json';

/** A real small model (15 million parameters) and real rows: half a second a step on two cores. */
function writeStories(folder, steps) {
  const recipe = {
    base_model: path.join(data, 'models', 'stories15M'),
    dataset: { path: path.join(data, 'datasets', 'wikisql', 'train.jsonl'), max_length: 256, eval_split: 0 },
    training: { max_steps: steps, per_device_train_batch_size: 4, save_steps: 1_000_000 },
  };
  writeFileSync(path.join(folder, storiesName), JSON.stringify(recipe, null, 2));
}

const projects = {
  numbers: { recipe: recipeName, write: (folder) => copyExample(folder, endless) },
  stories15M: { recipe: storiesName, write: (folder) => writeStories(folder, endless) },
};

/** A window on a new folder in which `project` is trained; `work` gets the window, its folder and its engine. */
async function training({ bench, server, screens }, project, work) {
  const folder = bench.folder();
  projects[project].write(folder);
  const window = await bench.window(server, folder, screens);
  try {
    await window.ready();
    await window.workbench.openFile(projects[project].recipe);
    return await work(window.workbench, folder);
  } finally {
    await window.close();
    await until(
      () => enginesBelow(server.home).length,
      (left) => left === 0,
      'the end of the engine',
    );
  }
}

async function firstSteps(workbench, wanted) {
  await workbench.command('LoRA: Train Adapter');
  const began = performance.now();
  const dashboard = workbench.dashboard();
  await until(
    () => stepOf(dashboard),
    (step) => step >= wanted,
    `step ${wanted}`,
  );
  return (performance.now() - began) / 1000;
}

/** VS Code's own figure, in a fresh extension host each time. */
export async function activation(context) {
  const times = [];
  for (let start = 0; start < 5; start++) {
    const time = await training(context, 'numbers', async (workbench) => {
      await workbench.command('Developer: Show Running Extensions');
      const row = workbench.page.locator('.runtime-extensions-editor .extension', { hasText: 'LoRA Workbench' });
      const text = await until(
        () => row.first().locator('.activation-time').textContent(),
        (shown) => /\d+ ?ms/.test(shown),
        'the time of activation',
      );
      return Number(/(\d+) ?ms/.exec(text)[1]);
    });
    times.push(time);
  }
  return [['activation, five starts', '', `${median(times)} ms (${times.join(', ')})`, true]];
}

export function size({ bench }) {
  return [['the package (.vsix)', '', `${(statSync(bench.vsix).size / 1e6).toFixed(1)} MB`, true]];
}

/** From the palette to the first loss on the dashboard, everything included: process, model, data, webview. */
export async function firstLoss(context) {
  const rows = [];
  for (const project of Object.keys(projects)) {
    const times = [];
    for (let time = 0; time < 3; time++) {
      times.push(await training(context, project, (workbench) => firstSteps(workbench, 1)));
    }
    const all = times.map((each) => each.toFixed(1)).join(', ');
    rows.push([`from the palette to the first loss, ${project}`, '', `${median(times).toFixed(1)} s (${all})`, true]);
  }
  return rows;
}

/** Of one core, while the dashboard is shown and the model trains. */
export async function extensionHost(context) {
  const seconds = 20;
  const share = await training(context, 'stories15M', async (workbench) => {
    await firstSteps(workbench, 3);
    const [{ parent }] = enginesBelow(context.server.home);
    const before = processorSeconds(parent);
    await wait(seconds * 1000);
    return (100 * (processorSeconds(parent) - before)) / seconds;
  });
  return [['processor time of the extension host, of one core', '3 %', `${share.toFixed(1)} %`, share < 3]];
}

/** With a hundred steps a second; counted in the page. */
export async function messages(context) {
  const seconds = 10;
  const times = await training(context, 'numbers', async (workbench) => {
    await firstSteps(workbench, 50);
    return workbench
      .dashboard()
      .locator('body')
      .evaluate(appendsWithin, seconds * 1000);
  });
  // By their own times: a page that draws looks at the clock late.
  const rate = ((times.length - 1) * 1000) / (times.at(-1) - times[0]);
  return [['messages to the dashboard in a second, fastest run', '10', rate.toFixed(1), rate > 0 && rate <= 10]];
}

/** Runs in the page. */
function appendsWithin(body, milliseconds) {
  const { defaultView } = body.ownerDocument;
  const times = [];
  const listen = ({ data: message }) => {
    if (message?.type === 'append') times.push(defaultView.performance.now());
  };
  defaultView.addEventListener('message', listen);
  return new Promise((resolve) => {
    defaultView.setTimeout(() => {
      defaultView.removeEventListener('message', listen);
      resolve(times);
    }, milliseconds);
  });
}

/** A finished run of so many steps is opened, and its chart zoomed. The browser draws without a graphics card. */
export async function frames({ bench, server, screens }) {
  const folder = bench.folder();
  copyExample(folder, 20);
  trainByCommand(bench, path.join(folder, recipeName));
  const [run] = runs(folder);
  stretch(run, 100_000);
  const window = await bench.window(server, folder, screens);
  try {
    await window.ready();
    const { workbench } = window;
    await workbench.sidebar();
    await workbench.line('100,000/100,000 · finished').click();
    const dashboard = workbench.dashboard();
    await until(
      () => stepOf(dashboard),
      (step) => step === 100_000,
      'all points',
    );
    await workbench.shot('100000');
    const times = await dashboard.locator('.plot-loss').evaluate(framesWhileZooming);
    times.sort((a, b) => a - b);
    const at = (share) => times[Math.floor(share * (times.length - 1))].toFixed(0);
    return [['frame time with 100,000 points, median and 95 %', '', `${at(0.5)} ms, ${at(0.95)} ms`, true]];
  } finally {
    await window.close();
  }
}

/** Makes a finished run look as if it had done so many steps. */
function stretch(run, steps) {
  const metrics = path.join(run, 'metrics.jsonl');
  const events = readFileSync(metrics, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  const measured = events.filter(({ type }) => type === 'step');
  const many = Array.from({ length: steps }, (_, at) => {
    const event = measured[at % measured.length];
    return { ...event, step: at + 1, loss: event.loss / (1 + at / 20_000) };
  });
  const first = events.findIndex(({ type }) => type === 'step');
  const others = events
    .filter(({ type }) => type !== 'step' && type !== 'checkpoint')
    .map((event) => {
      if (event.type === 'started') return { ...event, total_steps: steps };
      return event.type === 'finished' ? { ...event, steps } : event;
    });
  const all = [...others.slice(0, first), ...many, ...others.slice(first)];
  writeFileSync(metrics, all.map((event) => `${JSON.stringify(event)}\n`).join(''));
  writeFileSync(path.join(run, 'state.json'), JSON.stringify({ ...record(run), step: steps, total_steps: steps }));
}

/** Runs in the page: zooms in and out, a key a frame, and measures from frame to frame. */
async function framesWhileZooming(chart) {
  const { defaultView: page } = chart.ownerDocument;
  const times = [];
  let last;
  for (let at = 0; at < 120; at++) {
    const key = at % 40 < 20 ? '+' : '-';
    chart.dispatchEvent(new page.KeyboardEvent('keydown', { key, bubbles: true }));
    const now = await new Promise((done) => page.requestAnimationFrame(done));
    if (last !== undefined) times.push(now - last);
    last = now;
  }
  return times;
}

/** After runs that are over and closed; what stays for each run would add up over days. */
export async function memory({ bench, server, screens }) {
  const folder = bench.folder();
  copyExample(folder, 150);
  const window = await bench.window(server, folder, screens);
  try {
    await window.ready();
    const { workbench } = window;
    await workbench.openFile(recipeName);
    let host;
    const trainAndClose = async (times) => {
      for (let time = 0; time < times; time++) {
        host = await trainOnce(workbench, folder, server);
      }
      await workbench.command('View: Close All Editors');
      return { heap: await heapBytes(bench.bed, host), resident: residentBytes(host) };
    };
    // The first one loads what any run needs.
    const one = await trainAndClose(1);
    await workbench.openFile(recipeName);
    const ten = await trainAndClose(9);
    await workbench.openFile(recipeName);
    const more = await trainAndClose(9);
    const growth = (more.heap - ten.heap) / 9;
    const text = (of) => `${(of.heap / 1e6).toFixed(1)} MB (resident ${(of.resident / 1e6).toFixed(0)} MB)`;
    return [
      ['heap of the extension host after one run', '', text(one), true],
      ['after ten', '', text(ten), true],
      ['and after nineteen', '+ 50 kB a run', `${text(more)}, ${(growth / 1e3).toFixed(0)} kB a run`, growth < 50e3],
    ];
  } finally {
    await window.close();
  }
}

async function trainOnce(workbench, folder, server) {
  const done = runs(folder).length;
  await workbench.command('LoRA: Train Adapter');
  const { parent } = await until(() => enginesBelow(server.home)[0], Boolean, 'an engine');
  await until(
    () => runs(folder).filter((run) => record(run).status === 'finished').length,
    (finished) => finished === done + 1,
    'the end of the run',
  );
  await workbench.toast('is trained').waitFor();
  await workbench.command('Notifications: Clear All Notifications');
  await until(
    () => enginesBelow(server.home).length,
    (left) => left === 0,
    'the end of the engine',
  );
  return parent;
}

/** The same recipe in turn by the command line and by the extension, dashboard shown and not; sums of all steps. */
export async function overhead(context, quiet, { rounds = 5, steps = 40 } = {}) {
  const ways = { command: [], shown: [], hidden: [] };
  for (let round = 0; round < rounds; round++) {
    const order = Object.keys(ways);
    for (const way of [...order.slice(round % 3), ...order.slice(0, round % 3)]) {
      await quiet();
      ways[way].push(await secondsOfSteps(context, way, steps));
    }
  }
  const ratio = (way) => 100 * (median(ways[way].map((seconds, at) => seconds / ways.command[at])) - 1);
  const row = (way, words, limit) => {
    const more = ratio(way);
    const seconds = median(ways[way]).toFixed(2);
    const text = `${more.toFixed(1)} % (${seconds} s of ${median(ways.command).toFixed(2)} s)`;
    return [`time of all steps over the command line’s, ${words}`, limit, text, limit === '' || more < 3];
  };
  return [row('hidden', 'dashboard closed', '3 %'), row('shown', 'dashboard drawn without a graphics card', '')];
}

async function secondsOfSteps({ bench, server, screens }, way, steps) {
  const folder = bench.folder();
  writeStories(folder, steps);
  if (way === 'command') {
    trainByCommand(bench, path.join(folder, storiesName));
    return stepSeconds(runs(folder)[0]);
  }
  const window = await bench.window(server, folder, screens);
  try {
    await window.ready();
    const { workbench } = window;
    await workbench.openFile(storiesName);
    await workbench.command('LoRA: Train Adapter');
    if (way === 'hidden') {
      await workbench.page.locator('iframe.webview').first().waitFor({ state: 'attached' });
      await workbench.command('View: Close All Editors');
    }
    await until(() => runs(folder).some((run) => record(run).status === 'finished'), Boolean, 'the end of the run');
    return stepSeconds(runs(folder)[0]);
  } finally {
    await window.close();
  }
}

/** Sum over all steps but the first five, in which the engine gets warm and the dashboard opens. */
function stepSeconds(run) {
  const events = readFileSync(path.join(run, 'metrics.jsonl'), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  const all = events.filter(({ type }) => type === 'step');
  return all.slice(5).reduce((sum, event, at) => {
    const tokens = event.num_tokens - all[at + 4].num_tokens;
    return sum + tokens / event.tokens_per_second;
  }, 0);
}

/** By the Node that also runs the extension host. */
function trainByCommand(bench, recipe) {
  const { status, stderr } = spawnSync(bench.bed.node, ['dist/cli.js', 'train', recipe, '--json'], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`lora train ended with ${status}: ${stderr}`);
}

function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}
