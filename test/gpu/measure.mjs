// Measures this machine's GPU out of a bundle that holds all it needs: `sh run.sh`, or `npm run test:gpu` in a checkout that is
// on such a machine. What each part found is written at once, so that a machine that is taken away has left a report.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { conformance } from './conformance.mjs';
import { describe, hasGpu } from './machine.mjs';
import { run } from './program.mjs';
import { reportText } from './report.mjs';
import { apart, tasks, train } from './training.mjs';

const { values: options } = parseArgs({
  options: {
    place: { type: 'string' },
    out: { type: 'string', default: 'gpu-report' },
    minutes: { type: 'string', default: '9' },
    wheels: { type: 'string' },
    software: { type: 'string' },
  },
});
const place = path.resolve(options.place);
const cli = path.join(place, 'dist', 'cli.js');
const inSoftware = options.software !== undefined;
if (!inSoftware && !hasGpu()) {
  console.error(
    'There is no GPU here: neither /dev/nvidia0 nor /dev/dri/renderD*. Nothing was measured. ' +
      '`npm run test:gpu -- --bundle` makes a folder for a machine that has one; `-- --software` tries it in software.',
  );
  process.exit(1);
}
const began = performance.now();
const left = () => Number(options.minutes) * 60 - (performance.now() - began) / 1000;
/** Seconds that a part may take: its own limit, and never more than there are. */
const atMost = (seconds) => Math.max(5, Math.min(seconds, left() - 10));
// Trials of devices, and CUDA where it is set up for this measurement alone, lie with the bundle.
const ownCache = inSoftware || options.wheels !== undefined ? { XDG_CACHE_HOME: path.join(place, 'cache') } : {};
const driver = inSoftware ? { VK_DRIVER_FILES: options.software, VK_ICD_FILENAMES: options.software } : {};
const env = { ...ownCache, ...driver };
const names = inSoftware ? ['numbers'] : Object.keys(tasks);

const report = {
  date: new Date().toISOString(),
  release: JSON.parse(readFileSync(path.join(place, 'bundle.json'), 'utf8')),
  software: options.software ?? null,
  parts: {},
};
const name = `${report.date.slice(0, 16).replace(/[T:]/g, '-')}-${inSoftware ? 'software' : 'gpu'}`;
const out = path.resolve(options.out);
mkdirSync(out, { recursive: true });

/** Does one part and keeps what it gave, or how it failed; none where the time is over. */
async function part(key, title, work) {
  if (left() < 20) {
    report.parts[key] = { skipped: 'the time was over' };
  } else {
    console.error(`${((performance.now() - began) / 1000).toFixed(0).padStart(4)} s  ${title}`);
    try {
      report.parts[key] = (await work()) ?? { skipped: 'there is nothing to do' };
    } catch (error) {
      report.parts[key] = { failed: error instanceof Error ? error.message : String(error) };
    }
  }
  report.seconds = (performance.now() - began) / 1000;
  writeFileSync(path.join(out, `${name}.json`), `${JSON.stringify(report, null, 2)}\n`);
  writeFileSync(path.join(out, `${name}.md`), reportText(report));
}

await part('machine', 'what this machine is', describe);
if (options.wheels !== undefined) await part('setup', 'lora setup cuda', setUpCuda);
await part('devices', 'lora doctor', doctor);
/** What the trials found that a device computes in; nothing where it cannot be used. The processor needs no trial. */
const precisionsOf = (device) => {
  const found = report.parts.devices.devices?.find((one) => one.runtime === 'onnxruntime' && one.device === device);
  return found?.precisions ?? (device === 'cpu' ? ['fp32'] : []);
};
const gpus = ['webgpu', 'cuda'].filter((device) => precisionsOf(device).length > 0);
for (const device of gpus) await part(`placement-${device}`, `who computes what, ${device}`, () => placement(device));
// A device that the trial refused is measured all the same, so that the report says what it cannot do.
const tested = gpus.includes('webgpu') ? gpus : ['webgpu', ...gpus];
for (const device of tested) {
  const seconds = device === 'webgpu' ? 150 : 90;
  await part(`conformance-${device}`, `every op and family, ${device}`, () =>
    conformance(place, device, precisionsOf(device), { seconds: atMost(seconds), env }),
  );
}
for (const task of names) {
  await part(`training-${task}`, `training: ${tasks[task].title}`, () => trainings(task));
}
await part('rival', 'PEFT on PyTorch in bf16', rival);
console.log(readFileSync(path.join(out, `${name}.md`), 'utf8'));
console.error(`The report: ${path.join(out, name)}.md and .json`);

async function setUpCuda() {
  const given = [cli, 'setup', 'cuda', '--wheel', path.resolve(options.wheels)];
  const { code, stderr } = await run(process.execPath, given, { seconds: atMost(240), env });
  return code === 0 ? { done: 'CUDA was set up' } : { failed: stderr.trim().split('\n').slice(-3).join(' ') };
}

async function doctor() {
  const { lines, stderr, code } = await run(process.execPath, [cli, 'doctor', '--json'], { seconds: atMost(120), env });
  if (code !== 0) throw new Error(stderr.trim());
  const { devices, chosen } = JSON.parse(lines.map(({ text }) => text).join('\n'));
  return { devices, chosen };
}

async function placement(device) {
  const given = [path.join(place, 'gpu', 'placement.cjs'), device];
  const { code, lines, stderr } = await run(process.execPath, given, { seconds: atMost(60), env });
  if (code !== 0) throw new Error(stderr.trim().slice(-300));
  return { providers: JSON.parse(lines.at(-1).text) };
}

async function trainings(task) {
  const runs = [];
  const computations = ['cpu', ...gpus].flatMap((device) => {
    return precisionsOf(device).map((precision) => ({ device, precision }));
  });
  for (const computation of computations) {
    if (left() < 20) break;
    runs.push(await train(place, task, computation, { seconds: atMost(inSoftware ? 150 : 75), env }));
  }
  const [onCpu] = runs;
  return { runs: runs.map((one) => ({ ...one, apart: apart(one.losses, onCpu.losses) })) };
}

/** Of the two random models, where Python has what it needs. */
async function rival() {
  if (inSoftware) return undefined;
  const found = {};
  for (const [task, { sizes, batch, length, steps, warmup }] of Object.entries(tasks)) {
    if (sizes === undefined || left() < 20) continue;
    const file = path.join(place, `rival-${task}.json`);
    writeFileSync(file, JSON.stringify({ sizes, batch, length, steps: steps * 2, warmup }));
    const { code, lines, stderr } = await run('python3', [path.join(place, 'gpu', 'gpuRival.py'), file], {
      seconds: atMost(75),
    });
    if (code === 4 || code === 127) return { skipped: stderr.trim().split('\n').at(-1) || 'python3 is not there' };
    if (code !== 0) throw new Error(stderr.trim().slice(-300));
    found[task] = JSON.parse(lines.at(-1).text);
  }
  return { tasks: found };
}
