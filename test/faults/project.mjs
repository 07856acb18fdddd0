// A temporary project on stories15M with real instruction rows, for the long loops.
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const root = path.join(path.dirname(fileURLToPath(import.meta.url)), '..', '..');
const cli = path.join(root, 'dist', 'cli.js');
const data = path.resolve(root, process.env.LORA_TEST_DATA ?? '../shared/data');
const model = path.join(data, 'models', 'stories15M');

/** The rows as JSON lines. */
export function instructionLines() {
  const file = path.join(data, 'datasets', 'rasbt-instruction-data.json');
  return JSON.parse(readFileSync(file, 'utf8')).map((row) => `${JSON.stringify(row)}\n`);
}

/** A folder with `train.jsonl` for the caller to write, and a recipe; removed when this process ends. */
export function makeProject(sections) {
  if (!existsSync(model)) {
    console.log(`Skipped: ${model} is not there; LORA_TEST_DATA names the folder with the test material.`);
    process.exit(0);
  }
  const folder = mkdtempSync(path.join(tmpdir(), 'lora-long-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  const recipe = path.join(folder, 'stories.lora.json');
  writeFileSync(recipe, JSON.stringify({ base_model: model, ...sections }, null, 2));
  return { folder, recipe, data: path.join(folder, 'train.jsonl'), adapter: path.join(folder, 'adapters', 'stories') };
}

/** Runs `lora train --json`; resolves to its events and how it ended. `onStart` gets the process. */
export async function train(args, onEvent = () => undefined, onStart = () => undefined) {
  const child = spawn(process.execPath, [cli, 'train', ...args, '--json'], { stdio: ['ignore', 'pipe', 'pipe'] });
  onStart(child);
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text) => (stderr += text));
  const events = [];
  let torn = '';
  createInterface({ input: child.stdout }).on('line', (line) => {
    try {
      events.push(JSON.parse(line));
    } catch {
      torn = line; // The last line of a killed process.
      return;
    }
    onEvent(events.at(-1), child);
  });
  const [status, signal] = await new Promise((resolve) => child.once('close', (...end) => resolve(end)));
  if (torn !== '' && signal !== 'SIGKILL') throw new Error(`Not one event a line: ${torn}`);
  return { status, signal, events, stderr };
}

/** Ends this process with what is wrong. */
export function fail(message) {
  console.error(`FAILED: ${message}`);
  process.exit(1);
}
