// The suite that runs inside the extension host, of whichever VS Code: built here, started by run.mjs and electron.mjs.
import { build } from 'esbuild';
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const numbers = fileURLToPath(new URL('../../examples/numbers', import.meta.url));

/** Bundles the suite; gives the path of its `run`. */
export async function buildSuite() {
  const outfile = path.resolve('.tsbuild/vscode-suite/index.js');
  const entryPoints = [fileURLToPath(new URL('suite/index.ts', import.meta.url))];
  const options = { bundle: true, platform: 'node', target: 'node20', format: 'cjs', external: ['vscode'] };
  await build({ ...options, entryPoints, outfile, sourcemap: 'inline', logLevel: 'warning' });
  return outfile;
}

/** The workspace that the suite expects: a recipe that trains, one that is wrong, and tasks. */
export function fillSuiteFolder(folder) {
  for (const part of ['model', 'data.jsonl'])
    cpSync(path.join(numbers, part), path.join(folder, part), { recursive: true });
  const recipe = readFileSync(path.join(numbers, 'count-by-ten.lora.json'), 'utf8');
  writeFileSync(path.join(folder, 'count-by-ten.lora.json'), recipe.replace(/"max_steps": \d+/, '"max_steps": 20'));
  writeFileSync(path.join(folder, 'broken.lora.json'), '{\n  "base_model": "model"\n}\n');
  const train = { type: 'lora', recipe: 'count-by-ten.lora.json' };
  const tasks = [
    { label: 'three steps', ...train, set: ['training.max_steps=3'] },
    { label: 'endless', ...train, set: ['training.max_steps=200000', 'training.save_steps=100000'] },
    {
      label: 'train, then say so',
      type: 'shell',
      command: 'echo trained',
      dependsOn: 'three steps',
      problemMatcher: [],
    },
  ];
  mkdirSync(path.join(folder, '.vscode'), { recursive: true });
  writeFileSync(path.join(folder, '.vscode', 'tasks.json'), JSON.stringify({ version: '2.0.0', tasks }, null, 2));
}
