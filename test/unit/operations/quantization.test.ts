import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, describe, test } from 'node:test';
import { Failure } from '../../../src/failure/failure';
import type { TrainingEvent } from '../../../src/run/trainingEvent';
import { adapterBytes, engine, load, project, tensorsOf, train } from './engine';

function losses(events: readonly TrainingEvent[]): number[] {
  return events.flatMap((event) => (event.type === 'step' ? [event.loss] : []));
}

// Of this file alone: what others do at the same time must not be seen.
const own = mkdtempSync(path.join(tmpdir(), 'lora-quantization-'));
for (const name of ['TMPDIR', 'TEMP', 'TMP']) process.env[name] = own;
after(() => {
  const leftovers = readdirSync(own).filter((name) => name.startsWith('lora-weights-'));
  rmSync(own, { recursive: true });
  assert.deepEqual(leftovers, []);
});

describe('training on a quantized base model', () => {
  for (const [quantization, apart] of [
    ['int8', 0.02],
    ['nf4', 0.4],
    ['int4', 0.4],
  ] as const) {
    test(`${quantization} learns about as without, on both runtimes alike`, async (t) => {
      const tiny = await project(t);
      const plain = losses((await train(tiny)).events);
      const set = [`engine.quantization=${quantization}`];
      const { events, outcome } = await train(tiny, { set });
      assert.equal(outcome, 'finished');
      const quantized = losses(events);
      const bytes = await adapterBytes(tiny);
      const distance = Math.max(...quantized.map((loss, i) => Math.abs(loss - plain[i]!)));
      assert.ok(distance > 0 && distance < apart, `${distance}`);

      await train(tiny, { set });
      assert.deepEqual(await adapterBytes(tiny), bytes);
      const obvious = losses((await train(tiny, { set: [...set, 'engine.runtime=reference'] })).events);
      obvious.forEach((loss, i) => assert.ok(Math.abs(loss - quantized[i]!) < 1e-4, `step ${i + 1}`));
    });
  }

  test('with products of 16 bits learns about as with those of 32', async (t) => {
    const tiny = await project(t);
    const set = ['engine.quantization=nf4', 'engine.runtime=reference', 'training.max_steps=3'];
    const single = losses((await train(tiny, { set })).events);
    for (const precision of ['fp16', 'bf16']) {
      const half = losses((await train(tiny, { set: [...set, `engine.precision=${precision}`] })).events);
      assert.equal(half.length, single.length);
      half.forEach((loss, i) => {
        const distance = Math.abs(loss - single[i]!);
        assert.ok(distance > 0 && distance < 5e-3 * loss, `${precision}, step ${i + 1}: ${loss}, ${single[i]}`);
      });
    }
  });

  test('trains tensors of the same names and kinds', async (t) => {
    const tiny = await project(t);
    await train(tiny, { set: ['engine.quantization=nf4'] });
    for (const [name] of await tensorsOf(path.join(tiny.output, 'adapter_model.safetensors')))
      assert.match(name, /lora_[AB]\.weight$/);
  });

  test('takes less memory in the plan, and a device that does not compute with it is refused', async (t) => {
    const tiny = await project(t);
    const bytes = async (...overrides: string[]): Promise<number> =>
      (await engine.plan(await load(tiny, ...overrides))).memory.lora_bytes;
    assert.ok((await bytes('engine.quantization=nf4')) < (await bytes('engine.quantization=int8')));
    await assert.rejects(
      async () => bytes('engine.quantization=nf4', 'engine.device=webgpu'),
      (error) => error instanceof Failure && ['device-unavailable', 'quantization-unsupported'].includes(error.code),
    );
  });
});
