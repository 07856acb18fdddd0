// `npm run test:editors`: Neovim, configured as docs/editors.md says, edits a recipe: a second client of the language
// server, whose reading of the protocol is not ours. Installs Neovim with apt where it is missing.
//   LORA_NEOVIM=PATH     another one
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync, cpSync, mkdirSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const numbers = path.join(root, 'examples', 'numbers');

const neovim = findNeovim();
process.chdir(root);
await import('../../esbuild.mjs');
const home = realpathSync(mkdtempSync(path.join(os.tmpdir(), 'lora-neovim-')));
try {
  process.exitCode = passes() ? 0 : 1;
} finally {
  rmSync(home, { recursive: true, force: true, maxRetries: 10 });
}

function passes() {
  const folder = path.join(home, 'project');
  writeProject(folder);
  const config = path.join(home, 'init.lua');
  writeFileSync(config, configuration());
  const report = path.join(home, 'report.txt');
  const steps = path.join(root, 'test', 'editors', 'neovim.lua');
  const { status, stderr, error } = spawnSync(
    neovim,
    ['--headless', '--clean', '-u', config, '-c', `luafile ${steps}`, '-c', 'qall!'],
    { cwd: folder, env: environment(report), encoding: 'utf8', timeout: 300_000, killSignal: 'SIGKILL' },
  );
  const [version] = run(neovim, ['--version']).split('\n');
  console.log(version);
  try {
    console.log(readFileSync(report, 'utf8').trimEnd());
  } catch {
    console.log(`FAILED  nothing was reported: ${error ?? stderr}`);
    return false;
  }
  const said = readFileSync(report, 'utf8');
  if (status === 0 && said.endsWith('done\n')) return true;
  console.error(stderr);
  return false;
}

/** The lua block of the page, with this checkout's path in it. */
function configuration() {
  const page = readFileSync(path.join(root, 'docs', 'editors.md'), 'utf8');
  const block = /```lua\n(.*?)```/s.exec(page)?.[1];
  if (block?.includes('/path/to/lora-workbench/') !== true) throw new Error('docs/editors.md configures no Neovim');
  return block.replaceAll('/path/to/lora-workbench/', root);
}

/** The bundled model and data, one row of them broken. */
function writeProject(folder) {
  mkdirSync(folder);
  cpSync(path.join(numbers, 'model'), path.join(folder, 'model'), { recursive: true });
  const rows = readFileSync(path.join(numbers, 'data.jsonl'), 'utf8').split('\n').slice(0, 40);
  writeFileSync(path.join(folder, 'data.jsonl'), `${rows.join('\n')}\n{"prompt": \n`);
  writeFileSync(
    path.join(folder, 'mine.lora.json'),
    `{
  "base_model": "./model",
  "dataset": { "path": "data.jsonl" },
      "lora": { "rank": 4, "target_modules": ["q_prj"] }, // how much it can learn
  "training": { "max_steps": 10 }
}
`,
  );
}

function environment(report) {
  const own = Object.fromEntries(['CONFIG', 'DATA', 'STATE', 'CACHE'].map((name) => [`XDG_${name}_HOME`, home]));
  return { ...process.env, ...own, HOME: home, LORA_EDITOR_REPORT: report };
}

function findNeovim() {
  const named = process.env.LORA_NEOVIM ?? 'nvim';
  if (spawnSync(named, ['--version']).status === 0) return named;
  console.error('Neovim is missing: installing it with apt …');
  for (const args of [['update'], ['install', '-y', '--no-install-recommends', 'neovim']]) {
    if (spawnSync('apt-get', args, { stdio: ['ignore', 2, 2] }).status !== 0) {
      console.error('Neovim cannot be installed here: install it, or name it in LORA_NEOVIM.');
      process.exit(1);
    }
  }
  return named;
}

function run(command, args) {
  return spawnSync(command, args, { encoding: 'utf8' }).stdout;
}
