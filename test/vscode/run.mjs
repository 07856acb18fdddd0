// `npm run test:vscode`: the packaged extension in a real VS Code, offline, driven through its window.
//   npm run test:vscode -- reload        only stories whose name holds the word
//   LORA_CHROMIUM=PATH                   the browser, where it is not in its usual place
// Pictures of every step: .tsbuild/vscode-screens/
import { chromium } from 'playwright-core';
import { existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { packageExtension } from '../../scripts/package.mjs';
import { installTestBed } from './install.mjs';
import { VsCodeServer } from './server.mjs';
import { buildSuite, fillSuiteFolder } from './suite.mjs';
import { accessStories } from './accessStories.mjs';
import { stories } from './stories.mjs';
import { Workbench } from './workbench.mjs';

const browsers = [
  process.env.LORA_CHROMIUM,
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
];
const browserFlags = [
  ...['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking'],
  ...['--disable-component-update', '--disable-sync'],
];
const screens = path.resolve('.tsbuild/vscode-screens');
const word = process.argv[2] ?? '';
const wanted = [...stories, ...accessStories].filter(({ name }) => name.includes(word));
const suiteName = 'the suite inside the extension host';
const wantsSuite = suiteName.includes(word);

const executablePath = browsers.find((file) => file !== undefined && existsSync(file));
if (executablePath === undefined) {
  console.error('No Chromium was found: install it, or name it in LORA_CHROMIUM.');
  process.exit(1);
}
if (wanted.length === 0 && !wantsSuite) {
  console.error(`No story has "${process.argv[2]}" in its name.`);
  process.exit(1);
}

const bed = installTestBed();
const vsix = await packageExtension();
const home = realpathSync(mkdtempSync(path.join(os.tmpdir(), 'lora-vscode-')));
rmSync(screens, { recursive: true, force: true });
const browser = await chromium.launch({ executablePath, args: browserFlags });
const servers = [];
let failed = 0;
try {
  if (wantsSuite && !(await suitePasses())) failed++;
  for (const story of wanted) if (!(await passes(story))) failed++;
} finally {
  await browser.close();
  for (const { server } of servers) server.stop();
  rmSync(home, { recursive: true, force: true, maxRetries: 10 });
}
console.log(
  `${wanted.length + (wantsSuite ? 1 : 0) - failed} passed, ${failed} failed; pictures in ${path.relative('.', screens)}`,
);
process.exit(failed === 0 ? 0 : 1);

/** Runs the suite in a window of its own; its server shows no notifications, which stories need. */
async function suitePasses() {
  const began = performance.now();
  const suite = await buildSuite();
  const place = path.join(home, 'driven');
  mkdirSync(place);
  const server = new VsCodeServer(bed, place, { trusted: true, isDriven: true });
  servers.push({ trusted: undefined, server });
  await server.start(vsix);
  const folder = mkdtempSync(path.join(home, 'suite-'));
  fillSuiteFolder(folder);
  const context = await browser.newContext();
  const page = await context.newPage();
  try {
    const ended = new Promise((resolve) => {
      const timer = setTimeout(() => resolve('it did not end within five minutes'), 300_000);
      // VS Code tells of itself here, too: what it cannot do in a browser, and stacks of its own.
      const isOurs = (type, text) => type === 'info' && text.startsWith('  ');
      void page.exposeFunction('codeAutomationLog', (type, parts) => {
        const text = parts.join(' ');
        if (isOurs(type, text)) console.log(text);
      });
      void page.exposeFunction('codeAutomationExit', (code) => {
        clearTimeout(timer);
        resolve(code);
      });
    });
    await page.goto(server.suiteUrl(folder, suite));
    const code = await ended;
    const seconds = ((performance.now() - began) / 1000).toFixed(1);
    console.log(code === 0 ? `ok      ${suiteName} (${seconds} s)` : `FAILED  ${suiteName}: ${code}`);
    return code === 0;
  } finally {
    await context.close();
  }
}

/** Plays one story in a window of its own. */
async function passes(story) {
  const began = performance.now();
  const server = await serverFor(story.trusted);
  const folder = mkdtempSync(path.join(home, 'folder-'));
  story.prepare(folder);
  const own = path.join(screens, story.name.replaceAll(/[^a-z]+/gi, '-').toLowerCase());
  mkdirSync(own, { recursive: true });
  const context = await browser.newContext({ viewport: { width: 1400, height: 900 } });
  const page = await context.newPage();
  const said = [];
  page.on('console', (message) => said.push(`${message.type()}: ${message.text()}`));
  try {
    const workbench = new Workbench(page, own);
    await workbench.open(server.url(folder));
    const note = await story.play(workbench, folder);
    console.log(
      `ok      ${story.name} (${((performance.now() - began) / 1000).toFixed(1)} s)${note === undefined ? '' : `: ${note}`}`,
    );
    return true;
  } catch (error) {
    console.error(`FAILED  ${story.name}\n${error.stack}`);
    await page.screenshot({ path: path.join(own, 'failed.png') }).catch(() => undefined);
    writeFileSync(path.join(own, 'console.txt'), said.join('\n'));
    return false;
  } finally {
    await context.close();
  }
}

/** Trust is a matter of the whole server: one for each, started when first needed. */
async function serverFor(trusted) {
  const known = servers.find((each) => each.trusted === trusted);
  if (known !== undefined) return known.server;
  const place = path.join(home, trusted ? 'trusted' : 'untrusted');
  mkdirSync(place);
  const server = new VsCodeServer(bed, place, { trusted });
  servers.push({ trusted, server });
  await server.start(vsix);
  return server;
}
