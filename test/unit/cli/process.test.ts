import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, describe, test } from 'node:test';

const cli = path.resolve('dist/cli.js');

function lora(...args: readonly string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(process.execPath, [cli, ...args], { encoding: 'utf8' });
}

describe('the built command', () => {
  test('prints its version', () => {
    const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
    assert.deepEqual({ ...pick(lora('--version')) }, { status: 0, stdout: `${version}\n`, stderr: '' });
  });

  test('explains itself without starting the engine', () => {
    const { status, stdout } = lora('help');
    assert.equal(status, 0);
    assert.match(stdout, /^lora: /);
  });

  test('exits with 2 for wrong usage and says it on stderr alone', () => {
    const { status, stdout, stderr } = lora('trian');
    assert.deepEqual([status, stdout], [2, '']);
    assert.match(stderr, /Did you mean `lora train`\?/);
  });

  test('exits with 1 for a recipe that is not there, with one line of JSON', () => {
    const { status, stdout } = lora('plan', 'nowhere.lora.json', '--json');
    assert.equal(status, 1);
    assert.match(stdout, /^\{"error":\{"code":"recipe-not-found".*\}\}\n$/);
  });

  test('is quiet when its reader has gone', async () => {
    const child = spawn(process.execPath, [cli, 'help'], { stdio: ['ignore', 'pipe', 'pipe'] });
    child.stdout.destroy();
    let stderr = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    const status = await new Promise((resolve) => child.once('close', resolve));
    assert.deepEqual([status, stderr], [0, '']);
  });
});

describe('a run that is interrupted', () => {
  let folder = '';
  before(() => {
    folder = mkdtempSync(path.join(os.tmpdir(), 'lora-interrupt-'));
    const recipe = {
      base_model: path.resolve('examples/numbers/model'),
      dataset: { path: path.resolve('examples/numbers/data.jsonl'), max_length: 32, eval_split: 0 },
      training: { max_steps: 100_000, per_device_train_batch_size: 1 },
    };
    writeFileSync(path.join(folder, 'long.lora.json'), JSON.stringify(recipe));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  /** Trains until the first step, does something to the process, and waits for its end. */
  async function interrupted(
    what: (child: ReturnType<typeof start>) => void,
  ): Promise<{ status: unknown; last: Record<string, unknown> }> {
    const child = start();
    let last: Record<string, unknown> = {};
    let isDone = false;
    createInterface({ input: child.stdout }).on('line', (line) => {
      last = JSON.parse(line) as Record<string, unknown>;
      if (isDone || last['type'] !== 'step') return;
      isDone = true;
      what(child);
    });
    const status = await new Promise((resolve) => child.once('close', resolve));
    return { status, last };
  }

  function start() {
    const args = [cli, 'train', path.join(folder, 'long.lora.json'), '--json'];
    return spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'ignore'] });
  }

  test('by Ctrl-C stops after its step, keeps a checkpoint and exits with 130', async () => {
    const { status, last } = await interrupted((child) => child.kill('SIGINT'));
    assert.equal(status, 130);
    assert.equal(last['type'], 'cancelled');
    assert.match(String(last['checkpoint']), /step-\d+$/);
  });

  test('by a reader that has gone stops as well', async () => {
    const { status } = await interrupted((child) => child.stdout.destroy());
    assert.equal(status, 130);
    const runs = JSON.parse(
      spawnSync(process.execPath, [cli, 'runs', folder, '--json'], { encoding: 'utf8' }).stdout,
    ) as {
      status: string;
      resumable: boolean;
    }[];
    assert.deepEqual([runs[0]?.status, runs[0]?.resumable], ['cancelled', true]);
  });
});

function pick({ status, stdout, stderr }: ReturnType<typeof lora>): object {
  return { status, stdout, stderr };
}
