import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { LoraTarget } from '../../../src/engine/lora/adapter';
import type { Factors } from '../../../src/engine/lora/decompose';
import { olora, pissa } from '../../../src/engine/lora/decompose';
import { mergedDelta } from '../../../src/engine/lora/merge';
import { randomStream } from '../../../src/random/randomStream';
import { assertClose } from './close';
import { fixture } from './models';
import { waves } from './waves';

interface Numbers {
  readonly data: readonly number[];
}

interface Decomposition {
  readonly init: 'pissa' | 'olora';
  readonly kind: 'linear' | 'conv1d';
  readonly rows: number;
  readonly columns: number;
  readonly BA: Numbers;
  readonly A?: Numbers;
  readonly B?: Numbers;
}

const { decompositions } = fixture('factors') as { decompositions: readonly Decomposition[] };

function targetOf({ kind, rows, columns }: Decomposition): LoraTarget {
  const [inFeatures, outFeatures] = kind === 'linear' ? [columns, rows] : [rows, columns];
  const fanInFanOut = kind === 'conv1d';
  return { path: 'layer', kind, r: 3, alpha: 5, scaling: 5 / 3, inFeatures, outFeatures, fanInFanOut };
}

/** B·A as [out, in]. */
function product(target: LoraTarget, { A, B }: Factors): Float32Array {
  return mergedDelta({ ...target, kind: 'linear', fanInFanOut: false, scaling: 1 }, A, B);
}

describe('base weights are taken apart as PEFT does', () => {
  for (const stored of decompositions) {
    const { init, kind, rows, columns } = stored;
    const target = targetOf(stored);
    const weight = waves(rows, columns);
    test(`${init}, ${kind} ${rows} × ${columns}`, () => {
      if (init === 'pissa') {
        // PyTorch's own decomposition in single precision is up to 5e-5 away from the one in double precision.
        assertClose(product(target, pissa(target, weight, undefined, randomStream(1))), stored.BA.data, 1e-4);
        return;
      }
      const factors = olora(target, weight);
      assertClose(product(target, factors), stored.BA.data);
      assertClose(factors.A, stored.A!.data);
      assertClose(factors.B, stored.B!.data);
    });
  }

  test('pissa_niter keeps nearly as much of the weight as PiSSA, more with more iterations', () => {
    const stored = decompositions.find(({ init, rows }) => init === 'pissa' && rows === 40)!;
    const target = targetOf(stored);
    const sumOfSquares = (values: readonly number[]): number => values.reduce((sum, x) => sum + x * x, 0);
    const kept = (iterations: number): number => {
      const factors = pissa(target, waves(40, 60), iterations, randomStream(1));
      return sumOfSquares([...product(target, factors)]) / sumOfSquares(stored.BA.data);
    };
    assert.ok(kept(1) > 0.5 && kept(1) < kept(4) && kept(4) < kept(16));
    assert.ok(kept(16) > 0.97 && kept(16) < 1 + 1e-5);
    assert.ok(Math.abs(kept(300) - 1) < 1e-4);
  });

  test('OLoRA of a Conv1D is that of the transposed linear layer', () => {
    const linear = targetOf({ init: 'olora', kind: 'linear', rows: 5, columns: 7, BA: { data: [] } });
    const conv: LoraTarget = { ...linear, kind: 'conv1d', fanInFanOut: true };
    const weight = waves(5, 7);
    const transposed = Float32Array.from({ length: 35 }, (_, at) => weight[(at % 5) * 7 + Math.floor(at / 5)]!);
    const [expected, actual] = [olora(linear, weight), olora(conv, transposed)];
    assertClose(actual.A, expected.A);
    assertClose(actual.B, expected.B);
  });
});
