// llama.cpp as npm's node-llama-cpp packs it, in the cache folder, with the scripts of this folder that use it.
import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { cacheFolder } from './environment.mjs';

const scripts = ['answer.mjs', 'decoding.mjs'];

/** The folder where `answer.mjs` and `decoding.mjs` find the package, which is installed on first use. */
export function installLlama() {
  const place = path.join(cacheFolder, 'node-llama-cpp');
  if (!existsSync(path.join(place, 'node_modules', 'node-llama-cpp'))) {
    mkdirSync(place, { recursive: true });
    writeFileSync(path.join(place, 'package.json'), '{ "private": true, "type": "module" }\n');
    const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
    execFileSync(npm, ['install', '--no-save', '--ignore-scripts', 'node-llama-cpp@3'], {
      cwd: place,
      stdio: 'inherit',
    });
  }
  for (const script of scripts) copyFileSync(path.join(import.meta.dirname, 'llama', script), path.join(place, script));
  return place;
}
