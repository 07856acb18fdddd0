import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { chromium } from 'playwright-core';
import type { Browser, Page } from 'playwright-core';
import { pageHtml } from '../../src/host/views/pageHtml';
import type { PageName } from '../../src/host/views/pageHtml';
import { themes } from './themes';
import type { ThemeName } from './themes';

const chromiumFile = '/usr/bin/chromium';

/** A reason to skip tests in a browser, or false. */
export const withoutBrowser = existsSync(chromiumFile)
  ? false
  : `${chromiumFile} is missing (Debian: apt-get install chromium)`;

/** What stands behind a page: the extension's own feed. */
export interface PageFeed {
  receive(value: unknown): void;
  hidden(): void;
  dispose(): void;
}

interface Message {
  readonly type: string;
}

/** Serves built pages as VS Code does, with the extension's own feeds behind them; only VS Code itself is replaced. */
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

  /** Opens a page; `feedOf` gets the way to it. */
  open<Feed extends PageFeed>(
    name: PageName['name'],
    feedOf: (post: (message: Message) => void) => Feed,
    options: PageOptions,
  ): Promise<OpenPage<Feed>> {
    return OpenPage.open(this.browser, `${this.origin}/${name}`, feedOf, options);
  }
}

export interface PageOptions {
  /** Default `dark`. */
  readonly theme?: ThemeName;
  /** CSS pixels, default 1000. */
  readonly width?: number;
  /** Selector of what shows that the page is there. */
  readonly awaits: string;
  /** What the page remembered before. */
  readonly memory?: unknown;
  /** Messages are plain data and cross as one text, as in VS Code; the driver of the browser is slow with many objects. */
  readonly asText?: boolean;
}

/** One page in the browser. */
export class OpenPage<Feed extends PageFeed = PageFeed> {
  memory: unknown;
  /** Messages to the page, and when each was handed over, in milliseconds. */
  readonly posts: { readonly type: string; readonly at: number }[] = [];
  private queue: Promise<unknown> = Promise.resolve();
  private isShown = true;
  readonly feed: Feed;

  private constructor(
    readonly page: Page,
    feedOf: (post: (message: Message) => void) => Feed,
    private readonly asText: boolean,
  ) {
    this.feed = feedOf((message) => this.post(message));
  }

  static async open<Feed extends PageFeed>(
    browser: Browser,
    address: string,
    feedOf: (post: (message: Message) => void) => Feed,
    { theme = 'dark', width = 1000, awaits, memory, asText = false }: PageOptions,
  ): Promise<OpenPage<Feed>> {
    const context = await browser.newContext({ viewport: { width, height: 900 } });
    const page = await context.newPage();
    const opened = new OpenPage(page, feedOf, asText);
    await context.exposeFunction('toHost', (value: unknown) => opened.feed.receive(value));
    await context.exposeFunction('toMemory', (value: unknown) => void (opened.memory = value));
    await context.addInitScript(bridge(memory));
    page.setDefaultTimeout(60_000);
    await page.goto(`${address}?theme=${theme}`);
    await page.waitForSelector(awaits).catch(async (error: unknown) => {
      const said = [...(await opened.violations()), await page.locator('body').innerText()];
      throw new Error(`The page does not show what it should: ${said.join('; ')}`, { cause: error });
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

  private post(message: Message): void {
    if (!this.isShown) return;
    this.posts.push({ type: message.type, at: performance.now() });
    const packed = this.asText ? JSON.stringify(message) : message;
    this.queue = this.queue.then(() => this.page.evaluate(sendToPage, packed));
  }
}

/** Runs in the page. */
function sendToPage(packed: unknown): void {
  const message: unknown = typeof packed === 'string' ? JSON.parse(packed) : packed;
  (globalThis as unknown as { postMessage(message: unknown, target: string): void }).postMessage(message, '*');
}

/** `acquireVsCodeApi` as a webview has it: what a page remembers is there when it is shown again. */
function bridge(memory: unknown): string {
  return `
    window.violations = [];
    document.addEventListener('securitypolicyviolation', (event) => window.violations.push(event.violatedDirective + ' ' + event.blockedURI));
    window.addEventListener('error', (event) => window.violations.push(event.message));
    const kept = sessionStorage.getItem('state');
    let state = kept === null ? ${memory === undefined ? 'undefined' : JSON.stringify(memory)} : JSON.parse(kept);
    window.acquireVsCodeApi = () => ({
      postMessage: (message) => void window.toHost(message),
      getState: () => state,
      setState: (next) => { state = next; sessionStorage.setItem('state', JSON.stringify(next)); void window.toMemory(next); },
    });`;
}

interface Served {
  readonly type: string;
  readonly body: string;
}

function serve(file: string, theme: ThemeName, origin: string): Served | undefined {
  const name = (['dashboard', 'preview', 'playground'] as const).find((each) => file === `/${each}`);
  if (name !== undefined) {
    const [script, style] = [`${origin}/${name}.js`, `${origin}/${name}.css`];
    const html = pageHtml({ name, title: name }, { source: origin, script, style, nonce: 'test' });
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
  const built = /^\/(dashboard|preview|playground)\.(js|css)$/.exec(file);
  if (built === null) return undefined;
  const type = built[2] === 'js' ? 'text/javascript' : 'text/css';
  return { type, body: readFileSync(`dist/views/${built[1]!}.${built[2]!}`, 'utf8') };
}

/** What axe-core says is wrong, with the elements. */
export async function flaws({ page }: OpenPage): Promise<readonly string[]> {
  await page.evaluate(readFileSync('node_modules/axe-core/axe.min.js', 'utf8'));
  return page.evaluate<string[]>(`axe.run().then(({ violations }) => violations.flatMap(({ id, nodes }) =>
    nodes.map((node) => id + ': ' + node.html.slice(0, 160) + ' ' + node.any.map(({ message }) => message).join(' '))))`);
}

/** Until something is so, a turn of the event loop at a time; a test that waits in vain fails after its time. */
export async function poll(isSo: () => boolean): Promise<void> {
  const end = performance.now() + 20_000;
  while (!isSo()) {
    if (performance.now() > end) throw new Error('It did not happen within 20 s.');
    await new Promise((done) => setImmediate(done));
  }
}
