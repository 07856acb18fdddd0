import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import path from 'node:path';

/** What keeps runs the same: nothing that pops up, updates itself or takes the focus. */
const quiet = {
  'workbench.startupEditor': 'none',
  'telemetry.telemetryLevel': 'off',
  'update.mode': 'none',
  'extensions.autoUpdate': 'off',
  'extensions.ignoreRecommendations': true,
  'chat.disableAIFeatures': true,
  'workbench.secondarySideBar.defaultVisibility': 'hidden',
  'workbench.tips.enabled': false,
  'security.workspace.trust.startupPrompt': 'never',
  // The files' own dialogs instead of the browser's.
  'files.simpleDialog.enable': true,
  'git.enabled': false,
};

/** A VS Code server with the packaged extension, on a free port of this machine, with all of its files in `home`. */
export class VsCodeServer {
  #bed;
  #home;
  #options;
  #child;

  constructor(bed, home, { trusted, settings = {}, environment = {}, isDriven = false }) {
    this.#bed = bed;
    this.#home = home;
    this.#options = { trusted, isDriven, settings: { ...quiet, ...settings }, environment };
  }

  /** Installs the extension and starts the server. */
  async start(vsix) {
    const userSettings = path.join(this.#home, 'data', 'User', 'settings.json');
    mkdirSync(path.dirname(userSettings), { recursive: true });
    writeFileSync(userSettings, JSON.stringify(this.#options.settings));
    const installed = spawnSync(this.#bed.node, this.#arguments(['--install-extension', vsix]), this.#process());
    if (installed.status !== 0)
      throw new Error(`The package cannot be installed:\n${installed.stdout}${installed.stderr}`);
    this.port = await freePort();
    const config = path.join(this.#home, 'config.yaml');
    writeFileSync(config, `bind-addr: 127.0.0.1:${this.port}\nauth: none\ncert: false\n`);
    await this.launch();
  }

  /** Starts the server, also again after it was killed: at the same address with the same files. */
  async launch() {
    // A process group of its own: extension hosts and engines end with it.
    this.#child = spawn(this.#bed.node, this.#arguments([]), { ...this.#process(), detached: true, stdio: 'pipe' });
    this.log = '';
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream.on('data', (text) => (this.log = (this.log + text).slice(-20_000)));
    }
    await this.#healthy();
  }

  /** Folder with all of the server's files: its processes are known by it. */
  get home() {
    return this.#home;
  }

  /** The first of the server's processes, which starts all others. */
  get pid() {
    return this.#child.pid;
  }

  /** Where the package was unpacked. */
  get extension() {
    const all = path.join(this.#home, 'extensions');
    const name = readdirSync(all).find((entry) => entry.startsWith('adapter-workbench.lora-workbench-'));
    return path.join(all, name);
  }

  /** A window that runs a suite inside its extension host and tells the page how it ended. */
  suiteUrl(folder, suite) {
    const remote = (file) => `vscode-remote://127.0.0.1:${this.port}${file}`;
    const payload = [
      ['extensionDevelopmentPath', remote(this.extension)],
      ['extensionTestsPath', remote(suite.replace(/\.js$/, ''))],
    ];
    return `${this.url(folder)}&payload=${encodeURIComponent(JSON.stringify(payload))}`;
  }

  url(folder) {
    return `http://127.0.0.1:${this.port}/?folder=${encodeURI(folder)}`;
  }

  stop() {
    if (this.#child?.pid === undefined) return;
    try {
      process.kill(-this.#child.pid, 'SIGKILL');
    } catch {
      // It has ended already.
    }
    this.#child = undefined;
  }

  #arguments(more) {
    const { trusted, isDriven } = this.#options;
    return [
      this.#bed.entry,
      ...['--config', path.join(this.#home, 'config.yaml')],
      ...['--user-data-dir', path.join(this.#home, 'data'), '--extensions-dir', path.join(this.#home, 'extensions')],
      ...[
        '--disable-telemetry',
        '--disable-update-check',
        '--disable-getting-started-override',
        '--ignore-last-opened',
      ],
      // Without it a suite that the page names is passed over in silence.
      ...(isDriven ? ['--vscode-option', 'enable-smoke-test-driver'] : []),
      ...(trusted ? ['--disable-workspace-trust'] : []),
      ...more,
    ];
  }

  #process() {
    const env = { ...process.env, HOME: this.#home, EXTENSIONS_GALLERY: '{}' };
    for (const name of Object.keys(env)) if (/^(VSCODE_|CODE_SERVER|XDG_|HF_)/.test(name)) delete env[name];
    Object.assign(env, this.#options.environment);
    return { env, encoding: 'utf8', cwd: this.#home };
  }

  async #healthy() {
    for (const until = Date.now() + 60_000; Date.now() < until;) {
      const answer = await globalThis.fetch(`http://127.0.0.1:${this.port}/healthz`).catch(() => undefined);
      if (answer?.ok) return;
      if (this.#child.exitCode !== null) break;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    throw new Error(`The VS Code server does not answer:\n${this.log}`);
  }
}

function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}
