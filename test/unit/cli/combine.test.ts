import assert from 'node:assert/strict';
import path from 'node:path';
import { describe, test } from 'node:test';
import type { Engine } from '../../../src/cli/engine';
import type { CombinedAdapter, CombineRequest } from '../../../src/run/combine';
import { engineWith, run } from './captured';
import type { Captured } from './captured';

const cwd = path.resolve('/somewhere');
const made: CombinedAdapter = {
  output: path.join(cwd, 'out'),
  bytes: 2100,
  combination_type: 'svd',
  rank: 8,
  modules: 12,
  relative_difference: 0.1,
  notes: ['Mind the gap.'],
};

function lora(line: string, part: Partial<Engine> = {}): Promise<Captured> {
  return run(line.split(' '), { cwd, loadEngine: () => Promise.resolve(engineWith(part)) });
}

describe('combine', () => {
  test('hands over adapters with weights, and says what was made', async () => {
    let asked: CombineRequest | undefined;
    const part: Partial<Engine> = {
      combine(request) {
        asked = request;
        return Promise.resolve({ outcome: 'finished', adapter: made });
      },
    };
    const said = await lora('combine --adapter a:0.5 --adapter b:-1 --svd-rank 8 --output out', part);
    assert.equal(said.exitCode, 0);
    assert.deepEqual(asked, {
      adapters: [
        { folder: path.join(cwd, 'a'), weight: 0.5 },
        { folder: path.join(cwd, 'b'), weight: -1 },
      ],
      baseModel: null,
      combinationType: 'svd',
      svdRank: 8,
      output: path.join(cwd, 'out'),
      overwrite: false,
    });
    assert.equal(said.stdout, `The adapter is in ${made.output}: rank 8, 12 adapted layers, 2.10 kB.\nMind the gap.\n`);
    const json = await lora('combine a b --combination-type cat --output out --overwrite --json', part);
    assert.deepEqual(JSON.parse(json.stdout), made);
    assert.deepEqual([asked.combinationType, asked.svdRank, asked.overwrite], ['cat', null, true]);
  });

  test('ends with 130 when it is stopped', async () => {
    const part: Partial<Engine> = { combine: () => Promise.resolve({ outcome: 'cancelled' }) };
    const { exitCode, stderr } = await lora('combine a b --output out', part);
    assert.equal(exitCode, 130);
    assert.match(stderr, /Stopped: nothing was written/);
  });

  for (const [line, says] of [
    ['combine --output o', /needs adapters/],
    ['combine a b', /needs --output DIR/],
    ['combine a b --output o --combination-type ties', /must be one of svd, cat, linear, but is "ties"/],
    ['combine a b --output o --combination-type cat --svd-rank 4', /belongs to --combination-type svd/],
    ['combine a b --output o --svd-rank 0', /--svd-rank must be a whole number of at least 1/],
  ] as const) {
    test(`lora ${line} is wrong usage`, async () => {
      const { exitCode, stderr } = await lora(line);
      assert.equal(exitCode, 2);
      assert.match(stderr, says);
    });
  }
});
