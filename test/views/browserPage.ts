import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { chromium } from 'playwright-core';
import type { Browser, Page } from 'playwright-core';
import { systemClock } from '../../src/host/views/coalesce';
import { DashboardFeed } from '../../src/host/views/dashboardFeed';
import { dashboardHtml } from '../../src/host/views/dashboardHtml';
import { readFromDashboard } from '../../src/run/viewProtocol';
import type { DashboardMemory, ToDashboard } from '../../src/run/viewProtocol';
import type { MemorySource } from '../unit/views/memorySource';
import { themes } from './themes';
import type { ThemeName } from './themes';

const chromiumFile = '/usr/bin/chromium';

/** A reason to skip tests in a browser, or false. */
export const withoutBrowser = existsSync(chromiumFile)
  ? false
  : `${chromiumFile} is missing (Debian: apt-get install chromium)`;

/** Serves the built page as VS Code does, with the extension's own feed behind it; only VS Code itself is replaced. */
export class Pages {
  private constructor(
    private readonly browser: Browser,
    private readonly server: Server,
    private readonly origin: string,
  ) {}

  static async start(): Promise<Pages> {
    const server = createServer((request, response) => {
      const url = new URL(request.url ?? '/', 'http://page');
      const served = serve(
        url.pathname,
        (url.searchParams.get('theme') ?? 'dark') as ThemeName,
        `http://${request.headers.host!}`,
      );
      response.writeHead(served === undefined ? 404 : 200, { 'content-type': served?.type ?? 'text/plain' });
      response.end(served?.body);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const args = [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
    ];
    const browser = await chromium.launch({ executablePath: chromiumFile, args });
    return new Pages(browser, server, `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  }

  async stop(): Promise<void> {
    await this.browser.close();
    this.server.close();
  }

  open(source: MemorySource, folder: string, options: Partial<PageOptions> = {}): Promise<OpenPage> {
    return OpenPage.open(this.browser, this.origin, source, folder, {
      theme: 'dark',
      width: 1000,
      awaits: 'header h1',
      ...options,
    });
  }
}

export interface PageOptions {
  readonly theme: ThemeName;
  /** CSS pixels. */
  readonly width: number;
  /** Selector of what shows that the page is there. */
  readonly awaits: string;
  /** What the page remembered before. */
  readonly memory?: DashboardMemory;
}

/** One dashboard in the browser. */
export class OpenPage {
  readonly saved = new Map<string, Uint8Array>();
  /** Adapters that the page asked to show. */
  readonly shown: string[] = [];
  memory: unknown;
  /** Messages to the page, and when each was handed over, in milliseconds. */
  readonly posts: { readonly type: ToDashboard['type']; readonly at: number }[] = [];
  private queue: Promise<unknown> = Promise.resolve();
  private isShown = true;

  private constructor(
    readonly page: Page,
    readonly feed: DashboardFeed,
  ) {}

  static async open(
    browser: Browser,
    origin: string,
    source: MemorySource,
    folder: string,
    { theme, width, awaits, memory }: PageOptions,
  ): Promise<OpenPage> {
    const context = await browser.newContext({ viewport: { width, height: 900 } });
    const page = await context.newPage();
    const post = (message: ToDashboard): void => opened.post(message);
    const save = (name: string, content: Uint8Array): Promise<void> => {
      opened.saved.set(name, content);
      return Promise.resolve();
    };
    const showAdapter = (adapter: string): Promise<void> => Promise.resolve(void opened.shown.push(adapter));
    const named = (): void => undefined;
    const feed = new DashboardFeed(folder, source, post, systemClock, { save, showAdapter, named });
    const opened: OpenPage = new OpenPage(page, feed);
    await context.exposeFunction('toHost', (value: unknown) => {
      const message = readFromDashboard(value);
      if (message !== undefined) void opened.feed.receive(message);
    });
    await context.exposeFunction('toMemory', (value: unknown) => void (opened.memory = value));
    await context.addInitScript(bridge(memory));
    page.setDefaultTimeout(5000);
    await page.goto(`${origin}/?theme=${theme}`);
    await page.waitForSelector(awaits).catch(async (error: unknown) => {
      const said = [...(await opened.violations()), await page.locator('body').innerText()];
      throw new Error(`The page shows no run: ${said.join('; ')}`, { cause: error });
    });
    return opened;
  }

  /** What VS Code does with a hidden webview: its page is gone, what is sent to it is lost. */
  async hide(): Promise<void> {
    this.isShown = false;
    this.feed.hidden();
    await this.queue;
    await this.page.goto('about:blank');
  }

  /** A page of its own again. */
  async show(): Promise<void> {
    this.isShown = true;
    await this.page.goBack();
  }

  async close(): Promise<void> {
    this.feed.dispose();
    await this.queue;
    await this.page.context().close();
  }

  /** All messages so far have arrived and are drawn. */
  async settled(): Promise<void> {
    await this.queue;
    await this.page.evaluate('new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))');
  }

  /** What the Content-Security-Policy stopped, and errors of the page. */
  async violations(): Promise<readonly string[]> {
    return this.page.evaluate<string[]>('window.violations');
  }

  private post(message: ToDashboard): void {
    if (!this.isShown) return;
    this.posts.push({ type: message.type, at: performance.now() });
    this.queue = this.queue.then(() => this.page.evaluate(sendToPage, message));
  }
}

/** Runs in the page. */
function sendToPage(message: unknown): void {
  (globalThis as unknown as { postMessage(message: unknown, target: string): void }).postMessage(message, '*');
}

/** `acquireVsCodeApi` as a webview has it. */
function bridge(memory: DashboardMemory | undefined): string {
  return `
    window.violations = [];
    document.addEventListener('securitypolicyviolation', (event) => window.violations.push(event.violatedDirective + ' ' + event.blockedURI));
    window.addEventListener('error', (event) => window.violations.push(event.message));
    let state = ${memory === undefined ? 'undefined' : JSON.stringify(memory)};
    window.acquireVsCodeApi = () => ({
      postMessage: (message) => void window.toHost(message),
      getState: () => state,
      setState: (next) => { state = next; void window.toMemory(next); },
    });`;
}

interface Served {
  readonly type: string;
  readonly body: string;
}

function serve(file: string, theme: ThemeName, origin: string): Served | undefined {
  if (file === '/') {
    const html = dashboardHtml({
      source: origin,
      script: `${origin}/dashboard.js`,
      style: `${origin}/dashboard.css`,
      nonce: 'test',
    });
    const themed = html
      .replace('<link', `<link rel="stylesheet" href="${origin}/${theme}.theme.css">\n<link`)
      .replace('<body>', `<body class="${themes[theme].bodyClass}">`);
    return { type: 'text/html', body: themed };
  }
  const themeFile = /^\/([\w-]+)\.theme\.css$/.exec(file);
  if (themeFile !== null) {
    const variables = Object.entries(themes[themeFile[1] as ThemeName].variables);
    return {
      type: 'text/css',
      body: `:root{${variables.map(([name, value]) => `--vscode-${name}:${value};`).join('')}}`,
    };
  }
  if (file === '/dashboard.js')
    return { type: 'text/javascript', body: readFileSync('dist/views/dashboard.js', 'utf8') };
  if (file === '/dashboard.css') return { type: 'text/css', body: readFileSync('dist/views/dashboard.css', 'utf8') };
  return undefined;
}
