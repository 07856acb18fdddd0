// `npm run faults:vscode [-- --times N --seed S --kind engine|host|window|server]`: in a real VS Code kills the engine,
// the extension host, the window and the server, each N times (10) at random moments of a run, and goes on each time; two
// at a time.
import { rmSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { kill, kinds } from './kills.mjs';
import { randomNumbers } from './randomNumbers.mjs';
import { TestBench } from './testBench.mjs';

/** Milliseconds from the engine's start, when it does not know its recipe yet, or from its first step: each time by turns. */
const longest = 4000;

const { values } = parseArgs({
  options: { times: { type: 'string' }, seed: { type: 'string' }, kind: { type: 'string' } },
});
const times = Number(values.times ?? 10);
const seed = Number(values.seed ?? Date.now() % 1e6);
const screens = path.resolve('.tsbuild/vscode-faults');
const random = randomNumbers(seed);
rmSync(screens, { recursive: true, force: true });

const bench = await TestBench.open();
let failed = 0;
try {
  console.log(`Seed ${seed}; pictures in ${path.relative('.', screens)}`);
  const left = Object.keys(kinds).flatMap((kind) =>
    // Drawn also where it is not used: one kind alone has the moments that it has among all.
    Array.from({ length: times }, (_, i) => ({ kind, time: i + 1, delay: Math.round(random() * longest) })),
  );
  const wanted = left.filter(({ kind }) => values.kind === undefined || values.kind === kind);
  await Promise.all([0, 1].map((lane) => strikeAll(wanted, lane)));
} finally {
  await bench.close();
}
console.log(failed === 0 ? 'Nothing was lost.' : `${failed} failed.`);
process.exit(failed === 0 ? 0 : 1);

/** Strikes one after the other; another lane takes what this one has no time for. */
async function strikeAll(left, lane) {
  for (let one = left.shift(); one !== undefined; one = left.shift()) {
    const { kind, time, delay } = one;
    const isTraining = time % 2 === 0;
    const name = `${kinds[kind].what}, ${time} of ${times}, ${delay} ms after ${isTraining ? 'the first step' : 'the start'}`;
    try {
      const told = await kill(kind, { bench, screens: path.join(screens, `${kind}-${time}`), delay, isTraining, lane });
      console.log(`ok      ${name}: ${told}`);
    } catch (error) {
      failed++;
      console.error(`FAILED  ${name}\n${error.stack}`);
    }
  }
}
