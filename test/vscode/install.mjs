// The test bed: a real VS Code (server, workbench and extension host) from the npm package `code-server`, with the
// Node it needs, also from npm. Lies in a cache folder outside of the checkout (about 820 MB), is made once and shared.
//   node test/vscode/install.mjs     makes it and prints where it is
//   LORA_VSCODE_TEST_BED=DIR         another place
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const codeServerVersion = '4.139.1';
const nodeVersion = '24.21.0';

/** Folder of the test bed and the two files to start it with. */
export function testBed() {
  const caches = process.env.XDG_CACHE_HOME ?? path.join(os.homedir(), '.cache');
  const folder =
    process.env.LORA_VSCODE_TEST_BED ??
    path.join(caches, 'lora-workbench', `vscode-${codeServerVersion}-${nodeVersion}`);
  const nodePackage = `node-${process.platform}-${process.arch}`;
  return {
    folder,
    nodePackage,
    node: path.join(folder, 'node_modules', nodePackage, 'bin', 'node'),
    entry: path.join(folder, 'node_modules', 'code-server', 'out', 'node', 'entry.js'),
  };
}

/** Makes the test bed where it is missing; several at the same time do not disturb each other. */
export function installTestBed() {
  const bed = testBed();
  if (existsSync(bed.entry)) return bed;
  mkdirSync(path.dirname(bed.folder), { recursive: true });
  // Made beside its place and renamed: what is there is always whole.
  const making = mkdtempSync(`${bed.folder}.`);
  try {
    const packages = { [bed.nodePackage]: nodeVersion, 'code-server': codeServerVersion };
    writeFileSync(path.join(making, 'package.json'), JSON.stringify({ private: true, dependencies: packages }));
    const vscode = path.join(making, 'node_modules', 'code-server', 'lib', 'vscode');
    install(making, []);
    const bin = path.join(making, 'node_modules', bed.nodePackage, 'bin');
    for (const folder of [vscode, path.join(vscode, 'extensions')]) install(folder, ['--omit=dev'], bin);
    renameInto(making, bed.folder);
  } finally {
    rmSync(making, { recursive: true, force: true });
  }
  return bed;
}

function install(folder, options, bin) {
  const env = bin === undefined ? process.env : { ...process.env, PATH: `${bin}${path.delimiter}${process.env.PATH}` };
  const all = ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error', ...options];
  const { status } = spawnSync('npm', all, { cwd: folder, env, stdio: 'inherit' });
  if (status !== 0) throw new Error(`npm install in ${folder} ended with ${status}`);
}

function renameInto(made, folder) {
  try {
    renameSync(made, folder);
  } catch (error) {
    // Another process was faster.
    if (!existsSync(testBed().entry)) throw error;
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) console.log(installTestBed().folder);
