// `npm run measure:serve`: `lora serve` under load, with the bundled model and two adapters of it: throughput and latency of
// 1, 8 and 32 clients, adapters swapped meanwhile, slow and leaving clients, and memory over 2,000 requests. Every greedy
// answer is compared with the one that the same question got alone. Fails where one is lost or mixed, or memory grows.
//   --seconds N     of each load, default 15
//   --requests N    for the memory, default 2000
//   --base-model M --adapter DIR    another model, whose adapter is served under two names
import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { waitForQuiet } from '../parity/measuredProcess.mjs';
import { LoadedServer } from './loadedServer.mjs';

const numbers = path.join(import.meta.dirname, '../../examples/numbers');
const cli = path.join(import.meta.dirname, '../../dist/cli.js');
/** Share by which memory may grow while the same requests come again and again. */
const growthLimit = 0.1;

const { values: options } = parseArgs({
  options: {
    seconds: { type: 'string', default: '15' },
    requests: { type: 'string', default: '2000' },
    'base-model': { type: 'string' },
    adapter: { type: 'string' },
  },
});
const seconds = Number(options.seconds);
const scratch = mkdtempSync(path.join(tmpdir(), 'lora-serve-'));
try {
  const { base, adapters } = prepare();
  await waitForQuiet();
  const server = await LoadedServer.start(cli, base, adapters);
  try {
    console.log(`load ${loadavg()[0].toFixed(1)} on ${cpus().length} cores`);
    await server.learnAnswers();
    const problems = [...(await loads(server)), ...(await leavers(server)), ...(await memory(server))];
    for (const problem of problems) console.error(`FAILED  ${problem}`);
    process.exitCode = problems.length === 0 ? 0 : 1;
  } finally {
    await server.stop();
  }
} finally {
  rmSync(scratch, { recursive: true, force: true });
}

/** The example with two adapters that answer differently, unless others are named. */
function prepare() {
  if (options['base-model'] !== undefined && options.adapter !== undefined) {
    const adapter = path.resolve(options.adapter);
    return { base: path.resolve(options['base-model']), adapters: { one: adapter, two: adapter } };
  }
  cpSync(numbers, scratch, { recursive: true });
  const recipe = path.join(scratch, 'count-by-ten.lora.json');
  const adapters = {};
  for (const [name, steps] of [
    ['one', 20],
    ['two', 60],
  ]) {
    const values = [`training.max_steps=${steps}`, `output=adapters/${name}`].flatMap((value) => ['--set', value]);
    execFileSync(process.execPath, [cli, 'train', recipe, ...values], { stdio: 'ignore' });
    adapters[name] = path.join(scratch, 'adapters', name);
  }
  return { base: path.join(scratch, 'model'), adapters };
}

async function loads(server) {
  console.log('                       requests/s   tokens/s   median      95 %     longest');
  const problems = [];
  for (const [title, clients, isSwapped] of [
    ['1 client', 1, false],
    ['8 clients', 8, false],
    ['32 clients', 32, false],
    ['8 clients, swaps', 8, true],
  ]) {
    let swaps = 0;
    const swapping = isSwapped ? server.swap(() => swaps++) : undefined;
    const load = await server.load(clients, { seconds });
    await swapping?.stop();
    const note = isSwapped ? `   ${swaps} swaps, ${load.unknown} asked for what was not there` : '';
    console.log(
      title.padEnd(20) +
        (load.answered / load.seconds).toFixed(1).padStart(13) +
        (load.tokens / load.seconds).toFixed(0).padStart(11) +
        [0.5, 0.95, 1].map((share) => `${(1000 * load.quantile(share)).toFixed(0)} ms`.padStart(10)).join('') +
        note,
    );
    problems.push(...load.problems.map((problem) => `${title}: ${problem}`));
    if (load.answered === 0) problems.push(`${title}: nothing was answered`);
    if (isSwapped && swaps === 0) problems.push(`${title}: nothing was swapped`);
  }
  return problems;
}

/** Clients that read slowly or leave in the middle must hold nobody up and leave nothing behind. */
async function leavers(server) {
  const [left, slow, load] = await Promise.all([
    server.leave(40),
    server.readSlowly(4),
    server.load(8, { seconds: Math.min(seconds, 10) }),
  ]);
  const running = await server.settled();
  console.log(
    `${left} clients left in mid-answer, ${slow} read slowly: ${load.answered} others were answered meanwhile`,
  );
  return [
    ...load.problems,
    ...(running === 0 ? [] : [`${running} texts are still being written for nobody`]),
    ...(load.answered === 0 ? ['nobody was answered beside clients that left'] : []),
  ];
}

async function memory(server) {
  const requests = Number(options.requests);
  // What is made once, such as the cache for the longest texts, is there after a tenth.
  const problems = (await server.load(8, { requests: Math.ceil(requests / 10) })).problems;
  const before = await server.memory();
  const load = await server.load(8, { requests });
  const after = await server.memory();
  const growth = after / before - 1;
  const [megabytes, end] = [before, after].map((bytes) => `${(bytes / 1e6).toFixed(0)} MB`);
  console.log(`${requests} requests: memory ${megabytes} before, ${end} after (${(100 * growth).toFixed(1)} %)`);
  if (growth > growthLimit) problems.push(`memory grew by ${(100 * growth).toFixed(1)} %`);
  return [...problems, ...load.problems];
}
