// What every test in a real VS Code needs: the package, a browser, servers and folders, and that nothing of it is left.
import { chromium } from 'playwright-core';
import { existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { packageExtension } from '../../scripts/package.mjs';
import { startHub } from './hub.mjs';
import { installTestBed } from './install.mjs';
import { VsCodeServer } from './server.mjs';
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
const viewport = { width: 1400, height: 900 };
/** What a window leaves in its browser that the next one would find. */
const stored = 'cookies,local_storage,indexeddb,service_workers,cache_storage,file_systems';

export class TestBench {
  /** The packaged extension, `lora-workbench-<target>-<version>.vsix`. */
  vsix;
  bed;
  /** The model hub that every server asks. */
  hub;
  #executablePath;
  #home;
  #browsers = new Map();
  #servers = new Map();
  #closing = new Set();

  /** Packs the extension and makes the test bed where it is missing. Throws where there is no browser. */
  static async open() {
    const bench = new TestBench();
    bench.#executablePath = browsers.find((file) => file !== undefined && existsSync(file));
    if (bench.#executablePath === undefined) {
      throw new Error('No Chromium was found: install it, or name it in LORA_CHROMIUM.');
    }
    bench.bed = installTestBed();
    bench.vsix = await packageExtension();
    bench.hub = await startHub();
    bench.#home = realpathSync(mkdtempSync(path.join(os.tmpdir(), 'lora-vscode-')));
    for (const signal of ['SIGINT', 'SIGTERM']) {
      process.once(signal, () => void bench.close().then(() => process.exit(1)));
    }
    return bench;
  }

  /** A new, empty folder that goes with the bench. */
  folder() {
    return mkdtempSync(path.join(this.#home, 'folder-'));
  }

  /** The server of a kind, `trusted` or `untrusted`, started when first needed. Trust is a matter of a whole server. */
  async server(kind, lane) {
    const key = `${kind}-${lane}`;
    const known = this.#servers.get(key);
    if (known !== undefined) return known;
    const place = path.join(this.#home, key);
    mkdirSync(place);
    const server = new VsCodeServer(this.bed, place, { trusted: kind === 'trusted', environment: this.#environment() });
    this.#servers.set(key, server);
    await server.start(this.vsix);
    return server;
  }

  /** A server of one's own, which the caller stops. */
  async ownServer(options) {
    const server = new VsCodeServer(this.bed, this.folder(), {
      ...options,
      environment: this.#environment(options.environment),
    });
    this.#servers.set(server, server);
    await server.start(this.vsix);
    return server;
  }

  /**
   * A window on a folder, and what its page said on the console. Pictures go to `screens`. Each lane has a browser of its
   * own: of two windows in one browser only one has the focus, which terminals wait for. It keeps VS Code's compiled
   * scripts, which take seconds to make, and nothing else.
   */
  async window(server, folder, screens, lane = 0) {
    let browser = this.#browsers.get(lane);
    browser ??= this.#browser(this.folder());
    this.#browsers.set(lane, browser);
    const context = await browser;
    const page = await context.newPage();
    const session = await context.newCDPSession(page);
    await session.send('Storage.clearDataForOrigin', { origin: new URL(server.url('')).origin, storageTypes: stored });
    await session.detach();
    return this.#opened(page, server.url(folder), screens, () => page.close());
  }

  /** The same in a browser of its own that keeps what VS Code stores in it: `profile` is a folder. It can be killed. */
  async ownWindow(server, folder, screens, profile) {
    const context = await this.#browser(profile);
    return this.#opened(await context.newPage(), server.url(folder), screens, () => context.close());
  }

  #browser(profile) {
    return chromium.launchPersistentContext(profile, {
      executablePath: this.#executablePath,
      args: browserFlags,
      viewport,
      reducedMotion: 'reduce',
    });
  }

  #opened(page, url, screens, end) {
    mkdirSync(screens, { recursive: true });
    const said = [];
    page.on('console', (message) => said.push(`${message.type()}: ${message.text()}`));
    const close = async () => {
      this.#closing.delete(close);
      // Left as people leave it: VS Code keeps the extension host of a window that just disappears.
      await page.goto('about:blank', { timeout: 10_000 }).catch(() => undefined);
      await end().catch(() => undefined);
    };
    this.#closing.add(close);
    const workbench = new Workbench(page, screens);
    return { workbench, page, said, close, ready: () => workbench.open(url) };
  }

  #environment(more) {
    return { HF_ENDPOINT: this.hub.endpoint, ...more };
  }

  async close() {
    for (const close of this.#closing) await close();
    for (const browser of this.#browsers.values()) await (await browser).close();
    for (const server of this.#servers.values()) server.stop();
    await this.hub.close();
    rmSync(this.#home, { recursive: true, force: true, maxRetries: 10 });
  }
}
