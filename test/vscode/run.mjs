// `npm run test:vscode`: the packaged extension in a real VS Code, offline, driven through its window.
//   npm run test:vscode -- reload axe    only stories whose names hold one of the words
//   npm run test:vscode -- --again       a story that fails is played once more, and that is said: for machines that others use
//   npm run test:vscode -- --lanes 1     so many windows at a time, two without it: a story mostly waits
//   npm run test:vscode -- --repeat 10   each story ten times; says how often it failed and how long it took
//   LORA_CHROMIUM=PATH                   the browser, where it is not in its usual place
// Pictures of every step: .tsbuild/vscode-screens/
import { cpSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { inspect, parseArgs } from 'node:util';
import { accessStories } from './accessStories.mjs';
import { hostSuite } from './hostSuite.mjs';
import { killStories } from './kills.mjs';
import { stories } from './stories.mjs';
import { TestBench } from './testBench.mjs';

const { values, positionals } = parseArgs({
  options: { repeat: { type: 'string' }, lanes: { type: 'string' }, again: { type: 'boolean' } },
  allowPositionals: true,
});
const rounds = Number(values.repeat ?? 1);
const lanes = Number(values.lanes ?? 2);
const screens = path.resolve('.tsbuild/vscode-screens');
const every = [hostSuite, ...stories, ...accessStories, ...killStories];
const wanted = every.filter(({ name }) => positionals.length === 0 || positionals.some((word) => name.includes(word)));
if (wanted.length === 0) {
  console.error(`No story has "${positionals.join('" or "')}" in its name.`);
  process.exit(1);
}

rmSync(screens, { recursive: true, force: true });
const bench = await TestBench.open().catch((error) => {
  console.error(error.message);
  process.exit(1);
});
let second = 0;
/** Name → the seconds of each time that it passed. */
const passed = new Map(wanted.map(({ name }) => [name, []]));
try {
  // Round by round: ten in a row meet ten states of the machine and of the server.
  for (let round = 1; round <= rounds; round++) {
    if (rounds > 1) console.log(`Round ${round} of ${rounds}`);
    const left = [...wanted];
    await Promise.all(Array.from({ length: lanes }, (_, lane) => playOn(lane, left, round)));
  }
} finally {
  await bench.close();
}
if (rounds > 1) tellTimes();
const all = wanted.length * rounds;
const failed = all - [...passed.values()].flat().length;
if (second > 0) console.log(`${second} passed only when played again`);
console.log(`${all - failed} passed, ${failed} failed; pictures in ${path.relative('.', screens)}`);
process.exit(failed === 0 ? 0 : 1);

/** Plays what is left, story by story; another lane takes what this one has no time for. */
async function playOn(lane, left, round) {
  for (let story = left.shift(); story !== undefined; story = left.shift()) {
    if ((await play(story, round, lane)) || values.again !== true) continue;
    console.log(`again   ${story.name}`);
    if (await play(story, round, lane)) second++;
  }
}

/** Plays one story and gives whether it passed; what failed is kept for good, of what passed the latest round. */
async function play(story, round, lane) {
  const began = performance.now();
  const [short] = story.name.split(':');
  const place = path.join(screens, short.replaceAll(/[^a-z]+/gi, '-').toLowerCase());
  try {
    const note = await (story.act === undefined ? inWindow(story, place, lane) : story.act(bench, place, lane));
    const seconds = (performance.now() - began) / 1000;
    passed.get(story.name).push(seconds);
    console.log(`ok      ${story.name} (${seconds.toFixed(1)} s)${note === undefined ? '' : `: ${note}`}`);
    return true;
  } catch (error) {
    console.error(`FAILED  ${story.name}\n${inspect(error)}`);
    if (rounds > 1) keepAside(place, round);
    return false;
  }
}

/** A story in a window of its own, on a server of its lane: what it sets there is nobody else's. */
async function inWindow(story, place, lane) {
  const server = await bench.server(story.trusted ? 'trusted' : 'untrusted', lane);
  const folder = bench.folder();
  story.prepare(folder);
  const { workbench, page, said, close, ready } = await bench.window(server, folder, place, lane);
  try {
    await ready();
    return await story.play(workbench, folder, bench.hub);
  } catch (error) {
    await page.screenshot({ path: path.join(place, 'failed.png') }).catch(() => undefined);
    writeFileSync(path.join(place, 'console.txt'), said.join('\n'));
    // Where only the log is kept, it is all that tells why.
    console.error(`The window of "${story.name}" showed:\n${await workbench.shown().catch(({ message }) => message)}`);
    throw error;
  } finally {
    await close();
  }
}

function keepAside(place, round) {
  rmSync(`${place}-failed-${round}`, { recursive: true, force: true });
  cpSync(place, `${place}-failed-${round}`, { recursive: true });
}

function tellTimes() {
  console.log('\nfailed  median  longest  story');
  for (const [name, seconds] of passed) {
    const sorted = [...seconds].sort((a, b) => a - b);
    const at = (place) => (sorted.length === 0 ? '–' : `${sorted[place].toFixed(1)} s`).padStart(7);
    const lost = String(rounds - seconds.length).padStart(6);
    console.log(`${lost} ${at(Math.floor((sorted.length - 1) / 2))}  ${at(sorted.length - 1)}  ${name}`);
  }
}
