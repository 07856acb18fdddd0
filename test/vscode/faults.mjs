// `npm run faults:vscode [-- --times N --seed S --kind engine|host|window|server]`: in a real VS Code kills the engine,
// the extension host, the window and the server, each N times (10) at random moments of a run, and goes on each time.
import { rmSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { kill, kinds } from './kills.mjs';
import { randomNumbers } from './randomNumbers.mjs';
import { TestBench } from './testBench.mjs';

/** Milliseconds of an engine's life: from before it knows its recipe to a hundred steps. */
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
  for (const [kind, { what }] of Object.entries(kinds)) {
    for (let time = 1; time <= times; time++) {
      // Drawn also where it is not used: one kind alone has the moments that it has among all.
      const delay = Math.round(random() * longest);
      if (values.kind !== undefined && values.kind !== kind) continue;
      const name = `${what}, ${time} of ${times}, after ${delay} ms`;
      try {
        const told = await kill(kind, { bench, screens: path.join(screens, `${kind}-${time}`), delay });
        console.log(`ok      ${name}: ${told}`);
      } catch (error) {
        failed++;
        console.error(`FAILED  ${name}\n${error.stack}`);
      }
    }
  }
} finally {
  await bench.close();
}
console.log(failed === 0 ? 'Nothing was lost.' : `${failed} failed.`);
process.exit(failed === 0 ? 0 : 1);
