// `npm run measure:vscode`: the extension's figures in a real VS Code, as one table.
//   npm run measure:vscode -- memory frames     these alone
//   npm run measure:vscode -- --wait 60         waits at most so many seconds for a quiet machine before each (600)
//   npm run measure:vscode -- --write           puts the table into docs/measurements.md
import { readFileSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { format, resolveConfig } from 'prettier';
import * as measures from './measures.mjs';
import { TestBench } from './testBench.mjs';

const { values, positionals } = parseArgs({
  options: { wait: { type: 'string' }, write: { type: 'boolean' } },
  allowPositionals: true,
});
const wanted = positionals.length > 0 ? positionals : Object.keys(measures);
const unknown = wanted.filter((name) => !(name in measures));
if (unknown.length > 0) {
  console.error(`There is no measure ${unknown.join(', ')}; there are ${Object.keys(measures).join(', ')}.`);
  process.exit(1);
}

/** Share of the processor that others may use while something is measured. */
const calm = 0.15;
const busy = [];

const bench = await TestBench.open();
const rows = [];
try {
  // The inspector of an extension host takes any port that is free.
  const server = await bench.ownServer({ trusted: true, environment: { NODE_OPTIONS: '--inspect-port=0' } });
  const context = { bench, server, screens: path.resolve('.tsbuild/vscode-measures') };
  for (const name of wanted) {
    await quiet();
    const measured = await measures[name](context, quiet);
    for (const [figure, limit, text, holds] of measured) {
      console.log(`${holds ? 'ok      ' : 'TOO MUCH'}  ${figure}: ${text}${limit === '' ? '' : ` (limit ${limit})`}`);
    }
    rows.push(...measured);
  }
} finally {
  await bench.close();
}
const table = [
  '| figure | limit | measured |\n| --- | --- | --- |',
  ...rows.map(([figure, limit, text]) => `| ${figure} | ${limit} | ${text} |`),
].join('\n');
console.log(`\n${table}\n`);
const worst = Math.max(...busy);
const loud = busy.filter((share) => share > calm).length;
console.log(
  `Before the measurements others used at most ${(100 * worst).toFixed(0)} % of ${os.cpus().length} cores` +
    (loud === 0 ? '.' : `; ${loud} of ${busy.length} began on a machine that was not quiet: repeat those.`),
);
if (values.write) await writeTable();
process.exit(rows.every(([, , , holds]) => holds) ? 0 : 1);

/** Waits until the processor is nearly idle for two seconds; goes on after a while in any case, and remembers it. */
async function quiet() {
  const end = Date.now() + Number(values.wait ?? 600) * 1000;
  for (;;) {
    const before = processorTimes();
    await wait(2000);
    const after = processorTimes();
    const share = (after.used - before.used) / (after.all - before.all);
    if (share > calm && Date.now() < end) continue;
    busy.push(share);
    return;
  }
}

function processorTimes() {
  let [used, all] = [0, 0];
  for (const { times } of os.cpus()) {
    const sum = Object.values(times).reduce((total, each) => total + each, 0);
    all += sum;
    used += sum - times.idle;
  }
  return { used, all };
}

/** Puts the table into the place of the one below the heading that names this command. */
async function writeTable() {
  const file = 'docs/measurements.md';
  const text = readFileSync(file, 'utf8');
  const pattern = /(^## [^\n]*`npm run measure:vscode`\n[^|]*?\n)(\|[^\n]*\n)+/m;
  if (!pattern.test(text)) throw new Error(`${file} has no table below the heading that names this command`);
  const changed = text.replace(pattern, (_, before) => `${before}${table}\n`);
  writeFileSync(file, await format(changed, { ...(await resolveConfig(file)), filepath: file }));
}
