import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { describe, test } from 'node:test';
import { halfFormats } from '../../../src/engine/formats/halfPrecision';
import { writeSafetensors } from '../../../src/engine/formats/safetensors';
import { openBaseModel } from '../../../src/engine/facts/baseModel';
import { openWeights } from '../../../src/engine/operations/openWeights';
import { heldWeights, storedForms } from '../../../src/engine/operations/heldWeights';
import { halfPrecisions } from '../../../src/engine/runtime/runtime';
import type { HalfPrecision, Precision } from '../../../src/engine/runtime/runtime';
import { countParameters } from '../../../src/engine/models/model';
import { readHalfWeight, readWeight } from '../../../src/engine/runtime/weightValues';
import type { TrainingEvent } from '../../../src/run/trainingEvent';
import { writeTinyModel } from '../../tiny/model';
import { temporaryFolder } from '../../tiny/recipe';
import { adapterBytes, course, engine, load, project, tensorsOf, train } from './engine';

/** The reference rounds as a device does that computes in half precision. */
const inHalf = (precision: HalfPrecision): readonly string[] => [
  'engine.runtime=reference',
  `engine.precision=${precision}`,
];
const half = inHalf('fp16');
const few = { training: { max_steps: 3, per_device_train_batch_size: 2, learning_rate: 1e-2 } };

function losses(events: readonly TrainingEvent[]): number[] {
  return events.flatMap((event) => (event.type === 'step' ? [event.loss] : []));
}

describe('a run in half precision', () => {
  test('learns about as one in single precision, and says what it computes in', async (t) => {
    const tiny = await project(t, { ...few, dataset: { eval_split: 0.2 } });
    const plain = losses((await train(tiny)).events);
    for (const precision of halfPrecisions) {
      const { events, outcome } = await train(tiny, { set: inHalf(precision) });
      assert.equal(outcome, 'finished');
      const [plan] = events;
      assert.ok(plan?.type === 'plan' && plan.compute.precision === precision);
      const found = losses(events);
      assert.equal(found.length, plain.length);
      found.forEach((loss, i) => {
        const isNear = Math.abs(loss - plain[i]!) < 5e-3 * loss;
        assert.ok(loss !== plain[i] && isNear, `${precision}, step ${i + 1}: ${loss}, ${plain[i]}`);
      });
      const scales = events.flatMap((event) => (event.type === 'step' ? [event.loss_scale] : []));
      assert.ok(
        scales.every((scale) => (scale === undefined) === (precision === 'bf16')),
        'only fp16 scales the loss',
      );
      assert.ok(events.some(({ type }) => type === 'eval'));
      assert.ok(events.some(({ type }) => type === 'proof'));
      for (const [name] of await tensorsOf(path.join(tiny.output, 'adapter_model.safetensors')))
        assert.match(name, /lora_[AB]\.weight$/);
    }
  });

  test('is bit for bit its beginning, a stop, and the rest', async (t) => {
    const tiny = await project(t, few);
    const whole = await train(tiny, { set: half });
    const expected = await adapterBytes(tiny);
    await rm(tiny.output, { recursive: true });
    const first = await train(tiny, { set: half, stopAfter: 1 });
    assert.equal(first.outcome, 'cancelled');
    const rest = await train(tiny, { set: half, resume: 'latest' });
    assert.deepEqual(course(first, rest), course(whole));
    assert.deepEqual(await adapterBytes(tiny), expected);
  });

  test('writes text samples on its way', async (t) => {
    const tiny = await project(t, { training: { ...few.training, max_steps: 1, sample_prompts: ['1 + 1 ='] } });
    const { events } = await train(tiny, { set: half });
    assert.equal(events.filter(({ type }) => type === 'sample').length, 2);
  });
});

describe('half precision is refused', () => {
  for (const [what, set, says] of [
    ['on the processor', ['engine.device=cpu', 'engine.precision=fp16'], /"cpu" does not compute in fp16.*in fp32/],
    [
      'as bf16 on the processor',
      ['engine.device=cpu', 'engine.precision=bf16'],
      /"cpu" does not compute in bf16.*in fp32/,
    ],
    ['as bf16 by WebGPU', ['engine.device=webgpu', 'engine.precision=bf16'], /"webgpu" does not compute in bf16.*CUDA/],
    ['with quantized weights', ['engine.quantization=nf4', 'engine.precision=fp16'], /nf4/],
    [
      'with TensorFlow on the processor',
      ['engine.runtime=tensorflow', 'engine.device=cpu', 'engine.precision=fp16'],
      /TensorFlow on the processor does not compute in fp16.*--gpu/,
    ],
  ] as const) {
    test(what, async (t) => {
      const tiny = await project(t);
      await assert.rejects(async () => engine.plan(await load(tiny, ...set)), {
        code: 'precision-unsupported',
        message: says,
        place: { path: 'engine.precision' },
      });
    });
  }
});

describe('the weights of a run in half precision', () => {
  for (const [precision, half, own, rounding] of [
    ['fp16', 'f16', 'F16', 2 ** -11],
    ['bf16', 'bf16', 'BF16', 2 ** -8],
  ] as const) {
    for (const dtype of ['F32', 'BF16', 'F16'] as const) {
      test(`are matrices in ${half} and vectors in f32, from a file in ${dtype}`, async (t) => {
        const folder = await temporaryFolder(t);
        await writeTinyModel(folder, { dtype });
        const base = await openBaseModel(folder, '.');
        const opened = await openWeights(base, 'none', false, new Map(), precision);
        const { source } = opened;
        try {
          const name = 'model.layers.0.self_attn.q_proj.weight';
          const data = source(name);
          assert.ok(data.kind === 'file' && data.dtype === half);
          assert.equal(data.file.startsWith(folder), dtype === own, `what is in ${half} is read where it lies`);
          const plain = await openWeights(base, 'none', false);
          const narrowed = readWeight(data);
          assert.deepEqual(halfFormats[half].widen(readHalfWeight(data, half)), narrowed);
          readWeight(plain.source(name)).forEach((value, i) => {
            assert.ok(Math.abs(narrowed[i]! - value) <= Math.abs(value) * rounding + 2 ** -25);
          });
          const norm = source('model.norm.weight');
          assert.ok((norm.kind === 'file' && norm.dtype !== half) || dtype === own);
        } finally {
          await opened.close();
        }
      });
    }
  }

  test('take half the memory', async (t) => {
    const folder = await temporaryFolder(t);
    await writeTinyModel(folder);
    const base = await openBaseModel(folder, '.');
    const bytes = (precision: Precision): number =>
      heldWeights(base.model, storedForms(base), 'none', 'cuda', { precision }).bytes;
    for (const precision of halfPrecisions) assert.ok(bytes(precision) < 0.52 * bytes('fp32'), precision);
  });

  test('of a file in half precision are wide on a device in fp32, and stay mapped beside it', async (t) => {
    const folder = await temporaryFolder(t);
    await writeTinyModel(folder);
    const { model } = await openBaseModel(folder, '.');
    const count = countParameters(model);
    const held = heldWeights(model, () => 'half', 'none', 'cuda');
    assert.deepEqual([held.bytes, held.deviceBytes], [6 * count, 4 * count]);
    const half = heldWeights(model, () => 'half', 'none', 'cuda', { precision: 'fp16' });
    assert.equal(half.bytes, half.deviceBytes);
    assert.ok(half.bytes < 2.1 * count);
  });

  test('beside which blocks take what they take anywhere', async (t) => {
    const folder = await temporaryFolder(t);
    await writeTinyModel(folder);
    const { model } = await openBaseModel(folder, '.');
    const int8 = { format: 'int8', size: 32, hasOffsets: false } as const;
    const inBlocks = (name: string) => (name.endsWith('_proj.weight') ? int8 : 'single');
    const bytes = (precision: Precision, keepsBlocks: boolean): number =>
      heldWeights(model, inBlocks, 'none', 'cuda', { precision, keepsBlocks }).bytes;
    for (const precision of ['fp32', 'fp16', 'bf16'] as const) {
      assert.ok(bytes(precision, true) !== bytes(precision, false), precision);
    }
    assert.equal(bytes('fp32', true), heldWeights(model, inBlocks, 'none', 'cpu').bytes);
    const packed = heldWeights(model, inBlocks, 'none', 'cuda', { keepsBlocks: true }).packed;
    assert.ok(packed.has('model.layers.0.self_attn.q_proj.weight') && !packed.has('model.norm.weight'));
    assert.equal(heldWeights(model, inBlocks, 'none', 'cuda').packed.size, 0);
  });

  test('must not be beyond its largest number: the failure names the weight', async (t) => {
    const folder = await temporaryFolder(t);
    await writeTinyModel(folder);
    const file = path.join(folder, 'model.safetensors');
    const tensors = await tensorsOf(file);
    const base = await openBaseModel(folder, '.');
    const name = 'model.layers.1.mlp.down_proj.weight';
    tensors.get(name)![3] = -70_000;
    await writeSafetensors(
      file,
      [...tensors].map(([tensor, data]) => ({ name: tensor, shape: base.model.parameters.get(tensor)!, data })),
    );
    await assert.rejects(openWeights(await openBaseModel(folder, '.'), 'none', false, new Map(), 'fp16'), {
      code: 'weight-beyond-fp16',
      message: `The weight "${name}" holds the number -70000, and fp16 has none beyond 65504.`,
    });
  });
});
