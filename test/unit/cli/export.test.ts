import assert from 'node:assert/strict';
import path from 'node:path';
import { describe, test } from 'node:test';
import type { Engine } from '../../../src/cli/engine';
import type { ExportRequest, ImportRequest } from '../../../src/run/export';
import { engineWith, run } from './captured';
import type { Captured } from './captured';

const cwd = path.resolve('/somewhere');

function lora(line: string, part: Partial<Engine>): Promise<Captured> {
  return run(line.split(' '), { cwd, loadEngine: () => Promise.resolve(engineWith(part)) });
}

describe('export', () => {
  const listed = [{ name: 'mlx', purpose: 'a folder for mlx-lm', isFolder: true, ending: '-mlx' }];

  test('hands over absolute paths and says what was written and made sure of', async () => {
    let asked: ExportRequest | undefined;
    const part: Partial<Engine> = {
      export(request) {
        asked = request;
        return Promise.resolve({ output: request.output, bytes: 2100, notes: ['Read again, it is the same.'] });
      },
    };
    const { exitCode, stdout } = await lora('export --adapter a --format mlx --output out --base-model m', part);
    assert.equal(exitCode, 0);
    assert.deepEqual(asked, {
      format: 'mlx',
      adapter: path.join(cwd, 'a'),
      baseModel: path.join(cwd, 'm'),
      output: path.join(cwd, 'out'),
      overwrite: false,
    });
    assert.equal(stdout, `Written: ${path.join(cwd, 'out')} (2.10 kB).\nRead again, it is the same.\n`);
    const json = await lora('export a --format mlx --output out --overwrite --json', part);
    assert.deepEqual(JSON.parse(json.stdout), {
      output: path.join(cwd, 'out'),
      bytes: 2100,
      notes: ['Read again, it is the same.'],
    });
    assert.deepEqual([asked.baseModel, asked.overwrite], [null, true]);
  });

  test('lists the formats when nothing is asked for', async () => {
    const part = { exportFormats: () => listed };
    assert.equal((await lora('export', part)).stdout, 'mlx           a folder for mlx-lm\n');
    assert.deepEqual(JSON.parse((await lora('export --json', part)).stdout), listed);
  });

  for (const [line, says] of [
    ['export --format mlx --output o', /writes one adapter/],
    ['export a --adapter b --format mlx --output o', /writes one adapter/],
    ['export a:0.5 --format mlx --output o', /as strong as it was trained/],
    ['export a --format mlx', /needs --output FILE/],
    ['export a --output o', /needs --format F/],
    ['import', /needs FROM/],
    ['import a', /needs --output DIR/],
  ] as const) {
    test(`lora ${line} is wrong usage`, async () => {
      const { exitCode, stderr } = await lora(line, {});
      assert.equal(exitCode, 2);
      assert.match(stderr, says);
    });
  }
});

test('import hands over what the adapter shall call its base model as it was written', async () => {
  let asked: ImportRequest | undefined;
  const { stdout } = await lora('import a --output o --base-model owner/model', {
    import(request) {
      asked = request;
      return Promise.resolve({ output: request.output, bytes: 5e4, modules: 12, notes: ['Mind the gap.'] });
    },
  });
  assert.deepEqual(asked, {
    from: path.join(cwd, 'a'),
    output: path.join(cwd, 'o'),
    baseModel: 'owner/model',
    overwrite: false,
  });
  assert.equal(stdout, `The adapter is in ${path.join(cwd, 'o')}: 12 adapted layers, 50.0 kB.\nMind the gap.\n`);
});
