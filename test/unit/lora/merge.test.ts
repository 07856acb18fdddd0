import { describe, test } from 'node:test';
import type { LoraTarget } from '../../../src/engine/lora/adapter';
import { mergedDelta } from '../../../src/engine/lora/merge';
import { assertClose } from './close';
import { fixture } from './models';
import { waves } from './waves';

interface Delta {
  readonly kind: LoraTarget['kind'];
  readonly delta: { readonly data: readonly number[] };
}

describe("the merged change is PEFT's get_delta_weight", () => {
  for (const { kind, delta } of (fixture('factors') as { deltas: readonly Delta[] }).deltas) {
    test(kind, () => {
      const target: LoraTarget = {
        path: 'layer',
        kind,
        r: 3,
        alpha: 5,
        scaling: 5 / 3,
        inFeatures: 7,
        outFeatures: 5,
        fanInFanOut: kind === 'conv1d',
      };
      assertClose(mergedDelta(target, waves(3, 7), waves(5, 3)), delta.data, 1e-6);
    });
  }
});
