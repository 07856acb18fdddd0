import assert from 'node:assert/strict';
import path from 'node:path';
import { describe, test } from 'node:test';
import type { MergeRequest } from '../../../src/run/merge';
import { engineWith, run } from './captured';

const cwd = path.resolve('/somewhere');

describe('merge', () => {
  const proof = {
    positions: 120,
    max_difference: 0.00012,
    relative_difference: 0.000004,
    limit: 0.0001,
    relative_change: 0.3,
    same_top_token: 1,
  };

  async function merge(line: string): Promise<{ asked: MergeRequest | undefined; exitCode: number; stdout: string }> {
    let asked: MergeRequest | undefined;
    const engine = engineWith({
      merge(request, onNews) {
        asked = request;
        onNews({ stage: 'writing', done: 1, total: 2 });
        const { output } = request;
        const model = { output, bytes: 1e6, base_model: '/m', dtype: 'float32' as const, shards: 1, changed: 4 };
        return Promise.resolve({ outcome: 'finished', model: { ...model, proof, notes: ['Mind the gap.'] } });
      },
    });
    const { exitCode, stdout } = await run(line.split(' '), { cwd, loadEngine: () => Promise.resolve(engine) });
    return { asked, exitCode, stdout };
  }

  test('takes adapters by place and by option, and the base model from the adapter unless it is named', async () => {
    const { asked } = await merge('merge a --adapter b:0.5 --output out --dtype float32 --overwrite');
    assert.deepEqual(asked, {
      baseModel: null,
      adapters: [
        { folder: path.join(cwd, 'a'), weight: 1 },
        { folder: path.join(cwd, 'b'), weight: 0.5 },
      ],
      output: path.join(cwd, 'out'),
      dtype: 'float32',
      overwrite: true,
    });
    assert.equal((await merge('merge --base-model m --adapter a --output o')).asked?.baseModel, path.join(cwd, 'm'));
  });

  test('says where the model is, how large, and what the proof found; the same for programs', async () => {
    const { stdout } = await merge('merge a --output out');
    assert.match(stdout, /The merged model is in .*out: 1\.00 MB, 4 weights changed\.\n/);
    assert.match(stdout, /differ from base and adapter by 0\.0004 % \(at most 0\.00012\) at 120 tokens; the likeliest/);
    assert.match(stdout, /\nMind the gap\.\n$/);
    const json = JSON.parse((await merge('merge a --output out --json')).stdout) as Record<string, unknown>;
    assert.deepEqual(json['proof'], proof);
    assert.equal(json['bytes'], 1e6);
  });

  test('says that nothing was written when it was stopped', async () => {
    const engine = engineWith({ merge: () => Promise.resolve({ outcome: 'cancelled' }) });
    const { exitCode, stdout, stderr } = await run(['merge', 'a', '--output', 'o', '--json'], {
      cwd,
      loadEngine: () => Promise.resolve(engine),
    });
    assert.deepEqual([exitCode, stdout, stderr], [130, '', 'Stopped: nothing was written.\n']);
  });
});
