import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { cardAmong, graphicsCard } from '../../../src/engine/devices/graphicsCard';
import { nothingFound } from '../../../src/engine/devices/probeResult';
import { judge } from '../../../src/engine/devices/words';

const shared = { vendor: 'Intel Corporation', model: 'UHD Graphics 630', vram: 256, vramDynamic: true };
const amd = { vendor: 'AMD', model: 'Radeon RX 7800 XT', vram: 16384, vramDynamic: false };
const nvidia = { vendor: 'NVIDIA', model: 'AD104', name: 'NVIDIA GeForce RTX 4070', vram: null, memoryTotal: 12282 };

describe('the card on which a device computes', () => {
  test('is of several the one with most memory of its own, as the driver says it, else the system', () => {
    assert.deepEqual(cardAmong([shared, amd, nvidia], 'webgpu'), {
      name: 'Radeon RX 7800 XT',
      memoryBytes: 16384 * 2 ** 20,
    });
    assert.deepEqual(cardAmong([shared, nvidia], 'webgpu'), {
      name: 'NVIDIA GeForce RTX 4070',
      memoryBytes: 12282 * 2 ** 20,
    });
  });

  test("is NVIDIA's for CUDA", () => {
    assert.equal(cardAmong([amd, nvidia], 'cuda')?.name, 'NVIDIA GeForce RTX 4070');
    assert.equal(cardAmong([amd], 'cuda'), null);
  });

  test("has no memory of its own where it shares the machine's", () => {
    assert.deepEqual(cardAmong([shared], 'webgpu'), { name: 'UHD Graphics 630', memoryBytes: null });
    const small = { ...shared, vram: 512, vramDynamic: false };
    assert.deepEqual(cardAmong([small], 'webgpu'), { name: 'UHD Graphics 630', memoryBytes: null });
  });

  test('is asked of the system', async () => {
    const card = await graphicsCard('webgpu');
    assert.ok(card === null || card.name.length > 0);
  });

  test('is named where the device can be used, with what it computes in', () => {
    const result = { device: 'cuda', outcome: 'usable', detail: '', ...nothingFound } as const;
    const found = {
      ...result,
      ...{ stepMs: 2, cpuStepMs: 40, card: cardAmong([nvidia], 'cuda') },
      halves: { fp16: { usable: true, detail: '' }, bf16: { usable: true, detail: '' } },
    };
    const { reason, precisions, without } = judge(found);
    assert.equal(
      reason,
      'NVIDIA GeForce RTX 4070, 12.9 GB. A small training step takes 2.0 ms there and 40 ms on the processor; ' +
        'it computes in fp16 and bf16, too.',
    );
    assert.deepEqual(precisions, ['fp32', 'fp16', 'bf16']);
    assert.deepEqual(without, {});
  });
});
