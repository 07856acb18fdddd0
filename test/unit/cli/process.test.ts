import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, test } from 'node:test';

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

function pick({ status, stdout, stderr }: ReturnType<typeof lora>): object {
  return { status, stdout, stderr };
}
