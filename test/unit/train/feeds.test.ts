import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { MicroBatch } from '../../../src/engine/data/layout';
import { batchFeeds, dropoutFeeds } from '../../../src/engine/train/feeds';

/** Two lines of four tokens with the supervised positions 0 … `supervised` − 1. */
function microBatch(supervised: number): MicroBatch {
  const positions = Int32Array.from({ length: supervised }, (_, i) => i);
  return {
    batch: 2,
    length: 4,
    ids: new Int32Array(8),
    positions: new Int32Array(8),
    segments: new Int32Array(8).fill(1),
    supervised: positions,
    labels: positions.map((position) => 100 + position),
    tokens: 8,
  };
}

function chunksOf(supervised: number, chunks: number, rows: number): { positions: number[][]; labels: number[][] } {
  const feeds = batchFeeds(microBatch(supervised), chunks, rows);
  const read = (name: string): number[][] =>
    Array.from({ length: chunks }, (_, k) => {
      const tensor = feeds[`${name}.${k}`]!;
      assert.deepEqual([tensor.dtype, tensor.shape], ['i32', [tensor.data.length]]);
      return Array.from(tensor.data);
    });
  return { positions: read('supervised'), labels: read('labels') };
}

describe('the supervised positions of a micro-batch', () => {
  test('lie in one chunk where they fit', () => {
    assert.deepEqual(chunksOf(3, 2, 4).positions, [[0, 1, 2], []]);
  });
  test('are spread evenly over as few chunks as they need', () => {
    assert.deepEqual(chunksOf(5, 3, 4).positions, [[0, 1, 2], [3, 4], []]);
    assert.deepEqual(chunksOf(8, 2, 4).positions, [
      [0, 1, 2, 3],
      [4, 5, 6, 7],
    ]);
  });
  test('keep their labels', () => {
    assert.deepEqual(chunksOf(5, 3, 4).labels, [[100, 101, 102], [103, 104], []]);
  });
  test('may be none at all', () => assert.deepEqual(chunksOf(0, 2, 4).positions, [[], []]));
  test('are never lost, however many there are', () => {
    for (let count = 0; count <= 8; count++) {
      for (const rows of [2, 3, 5, 8]) {
        const chunks = chunksOf(count, Math.ceil(8 / rows), rows).positions;
        assert.deepEqual(chunks.flat(), Array.from(Array(count).keys()));
        assert.ok(chunks.every((chunk) => chunk.length <= rows));
      }
    }
  });
});

describe('dropout masks of a micro-batch', () => {
  const feeds = batchFeeds(microBatch(5), 2, 4);
  const place = { seed: 1, step: 2, microBatch: 0 };
  const inputs = [
    { name: 'dropout.q_proj', rows: 'B*T', features: 6 },
    { name: 'dropout.head', rows: 'S1', features: 3 },
  ];

  test('have as many rows as what they are laid over', () => {
    const masks = dropoutFeeds(inputs, feeds, 0.5, place);
    assert.deepEqual(
      [masks['dropout.q_proj']!.shape, masks['dropout.head']!.shape],
      [
        [8, 6],
        [2, 3],
      ],
    );
    assert.equal(masks['dropout.q_proj']!.dtype, 'bool');
  });
  test('depend on the place in the run alone', () => {
    assert.deepEqual(dropoutFeeds(inputs, feeds, 0.5, place), dropoutFeeds(inputs, feeds, 0.5, { ...place }));
    const [first] = Object.values(dropoutFeeds(inputs, feeds, 0.5, place));
    for (const other of [{ seed: 2 }, { step: 3 }, { microBatch: 1 }]) {
      const [mask] = Object.values(dropoutFeeds(inputs, feeds, 0.5, { ...place, ...other }));
      assert.notDeepEqual(mask, first);
    }
  });
});
