// `npm run parity -- --openai`: the official Python client drives `lora serve` with a base model and an adapter. The client
// has an environment of its own in the cache folder, made on first use.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { pythonWithRequirements } from './environment.mjs';

const numbers = path.join(import.meta.dirname, '../../examples/numbers');
const script = path.join(import.meta.dirname, 'openaiClient.py');
const cli = path.join(import.meta.dirname, '../../dist/cli.js');

/** Resolves with the exit code. */
export async function driveWithOpenai() {
  const python = pythonWithRequirements('openai');
  const folder = mkdtempSync(path.join(tmpdir(), 'lora-openai-'));
  try {
    const project = prepare(folder);
    const server = spawn(process.execPath, [cli, 'serve', ...project, '--port', '0', '--json'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    try {
      const url = await listening(server);
      return await check(python, url);
    } finally {
      server.kill('SIGTERM');
      if (server.exitCode === null) await once(server, 'exit');
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The example with a chat template, and an adapter of twenty steps; gives the options of `lora serve`. */
function prepare(folder) {
  cpSync(numbers, folder, { recursive: true });
  const file = path.join(folder, 'model', 'tokenizer_config.json');
  const chatTemplate = "{% for message in messages %}{{ message['content'] }}{% endfor %}";
  const config = { ...JSON.parse(readFileSync(file, 'utf8')), chat_template: chatTemplate };
  writeFileSync(file, JSON.stringify(config));
  const recipe = path.join(folder, 'count-by-ten.lora.json');
  execFileSync(process.execPath, [cli, 'train', recipe, '--set', 'training.max_steps=20'], { stdio: 'ignore' });
  const adapter = path.join(folder, 'adapters', 'count-by-ten');
  return ['--base-model', path.join(folder, 'model'), '--adapter', `tuned=${adapter}`];
}

/** The address, once the server listens. */
async function listening(server) {
  const ended = once(server, 'exit').then(() => Promise.reject(new Error('lora serve ended before it listened.')));
  const lines = createInterface({ input: server.stdout });
  const heard = new Promise((resolve) => {
    lines.on('line', (line) => {
      const news = JSON.parse(line);
      if (news.type === 'listening') resolve(news.url);
    });
  });
  ended.catch(() => undefined);
  return Promise.race([heard, ended]);
}

async function check(python, url) {
  const client = spawn(python, [script, url, 'model', 'tuned'], { stdio: ['ignore', 'pipe', 'inherit'] });
  const counts = { passed: 0, failed: 0 };
  createInterface({ input: client.stdout }).on('line', (line) => {
    const { name, error } = JSON.parse(line);
    counts[error === null ? 'passed' : 'failed']++;
    console.log(error === null ? `ok      ${name}` : `FAILED  ${name}\n${error}`);
  });
  const [exitCode] = await once(client, 'close');
  console.log(`${counts.passed} passed, ${counts.failed} failed with the official Python client`);
  return exitCode !== 0 || counts.failed > 0 || counts.passed === 0 ? 1 : 0;
}
