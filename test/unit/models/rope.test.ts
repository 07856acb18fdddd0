import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { ConfigValues } from '../../../src/engine/models/config';
import { ConfigReader } from '../../../src/engine/models/config';
import { withFamilyDefaults } from '../../../src/engine/models/decoderConfig';
import type { Rope } from '../../../src/engine/models/rope';
import { readRope, ropeTables } from '../../../src/engine/models/rope';
import { failsWith } from './failing';
import { stored } from './fixtures';

interface StoredRope {
  readonly name: string;
  readonly config: ConfigValues & { readonly head_dim: number };
  readonly frequencies: readonly number[];
  readonly attentionFactor: number;
}

function read(values: ConfigValues, headSize = 16): Rope {
  return readRope(withFamilyDefaults(new ConfigReader(values)), headSize);
}

describe('frequencies and attention factor are those of Transformers', () => {
  for (const { name, config, frequencies, attentionFactor } of stored('rope.json') as readonly StoredRope[]) {
    test(name, () => {
      const rope = read(config, config.head_dim);
      assert.equal(rope.frequencies.length, frequencies.length);
      frequencies.forEach((expected, i) => {
        const actual = rope.frequencies[i]!;
        assert.ok(Math.abs(actual - expected) <= 1e-6 * expected, `frequency ${i} is ${actual}, expected ${expected}`);
      });
      assert.ok(Math.abs(rope.attentionFactor - attentionFactor) <= 1e-12 * attentionFactor);
    });
  }
});

test('the tables hold cos and sin of position times frequency, times the attention factor', () => {
  const { cos, sin } = ropeTables({ frequencies: Float64Array.of(1, 0.5), attentionFactor: 2 }, 3);
  const angles = [0, 0, 1, 0.5, 2, 1];
  assert.deepEqual(
    cos,
    Float32Array.from(angles, (angle) => 2 * Math.cos(angle)),
  );
  assert.deepEqual(
    sin,
    Float32Array.from(angles, (angle) => 2 * Math.sin(angle)),
  );
});

describe('what cannot be computed is refused by name', () => {
  for (const kind of ['dynamic', 'longrope', 'mrope']) {
    test(`${kind}, in either spelling`, () => {
      for (const config of [
        { rope_scaling: { type: kind, factor: 2 } },
        { rope_scaling: { rope_type: kind, factor: 2 } },
        { rope_parameters: { rope_type: kind, factor: 2, rope_theta: 10000 } },
      ]) {
        const failure = failsWith('model-config-unsupported', () => read(config));
        assert.match(failure.message, new RegExp(`"${kind}"`));
        assert.match(failure.hint!, /default, linear, llama3, yarn/);
      }
    });
  }

  test('heads that are rotated in part', () => {
    failsWith('model-config-unsupported', () => read({ partial_rotary_factor: 0.5 }));
    failsWith('model-config-unsupported', () =>
      read({ rope_parameters: { rope_theta: 10000, rope_type: 'default', partial_rotary_factor: 0.25 } }),
    );
    assert.equal(read({ partial_rotary_factor: 1 }).frequencies[0], 1);
  });

  test('another rotation for each kind of layer', () => {
    const rope_parameters = { full_attention: { rope_theta: 1e6 }, sliding_attention: { rope_theta: 10000 } };
    assert.match(failsWith('model-config-unsupported', () => read({ rope_parameters })).message, /full_attention/);
  });

  test('a missing factor is named with its place', () => {
    const failure = failsWith('model-config-invalid', () => read({ rope_scaling: { type: 'linear' } }));
    assert.equal(failure.place?.path, 'rope_scaling.factor');
  });
});
