import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Bin } from '../../../src/engine/data/batches';
import type { Example } from '../../../src/engine/data/example';
import { layOut } from '../../../src/engine/data/layout';
import type { LayoutOptions, MicroBatch } from '../../../src/engine/data/layout';
import { randomStream } from '../../../src/random/randomStream';
import type { RandomStream } from '../../../src/random/randomStream';

const options: LayoutOptions = { batchSize: 8, maxLength: 512, tokenCost: 1, attentionCost: 1e-4 };

/** An example whose tokens tell where they come from: example · 1000 + place. */
function example(number: number, length: number, isSupervised: (token: number) => boolean): Example {
  return {
    ids: Int32Array.from({ length }, (_, token) => number * 1000 + token),
    supervised: Uint8Array.from({ length }, (_, token) => (isSupervised(token) ? 1 : 0)),
    row: number,
  };
}

const bins = (...lengths: number[]): Bin[] =>
  lengths.map((length, number) => [example(number + 1, length, () => true)]);

function randomBins(random: RandomStream, maxLength: number): Bin[] {
  const count = 1 + Math.floor(random.uniform() * 40);
  let number = 0;
  return Array.from({ length: count }, () => {
    const bin: Example[] = [];
    let space = Math.max(2, Math.floor(random.uniform() * maxLength));
    const most = 1 + Math.floor(random.uniform() * 4);
    while (space >= 2 && bin.length < most) {
      const length = 2 + Math.floor(random.uniform() * (space - 1));
      const from = Math.floor(random.uniform() * length);
      bin.push(example(++number, length, (token) => token >= from));
      space -= length;
    }
    return bin;
  });
}

describe('a layout', () => {
  test('of one bin is the bin', () => {
    const [batch, ...others] = layOut([[example(1, 3, () => true), example(2, 2, (token) => token === 1)]], options);
    assert.deepEqual(others, []);
    assert.deepEqual(batch, {
      batch: 1,
      length: 5,
      ids: Int32Array.of(1000, 1001, 1002, 2000, 2001),
      positions: Int32Array.of(0, 1, 2, 0, 1),
      segments: Int32Array.of(1, 1, 1, 2, 2),
      supervised: Int32Array.of(0, 1, 3),
      labels: Int32Array.of(1001, 1002, 2001),
      tokens: 5,
    });
  });

  test('pads shorter rows with token 0 of segment 0', () => {
    const [batch] = layOut(bins(4, 3), { ...options, maxLength: 4 });
    assert.deepEqual([batch!.batch, batch!.length, batch!.tokens], [2, 4, 7]);
    assert.deepEqual([...batch!.ids].slice(4), [2000, 2001, 2002, 0]);
    assert.deepEqual([...batch!.segments].slice(4), [1, 1, 1, 0]);
    assert.deepEqual([...batch!.supervised], [0, 1, 2, 4, 5]);
  });

  test('of no bins has no micro-batches', () => assert.deepEqual(layOut([], options), []));

  test('joins short bins in rows instead of padding them', () => {
    const [batch, ...others] = layOut(bins(20, 90, 35, 61, 22, 70, 28, 44), options);
    assert.deepEqual(others, []);
    assert.ok(batch!.batch * batch!.length < 370 * 1.05, `${batch!.batch} × ${batch!.length} for 370 tokens`);
  });

  test('leaves full rows as they are, batchSize at a time', () => {
    const shapes = layOut(bins(...Array<number>(12).fill(512)), { ...options, batchSize: 4 });
    assert.deepEqual(
      shapes.map(({ batch, length }) => [batch, length]),
      [
        [4, 512],
        [4, 512],
        [4, 512],
      ],
    );
  });

  test('merges the micro-batches of an accumulation where they fit in one', () => {
    const shapes = layOut(bins(100, 10, 10, 10, 10, 10, 10, 10), { ...options, batchSize: 2 });
    assert.equal(shapes.length, 1);
  });

  test('parts long from short bins where attention is dear', () => {
    const lengths = [100, 20, 20, 20, 20, 20];
    const cheap = layOut(bins(...lengths), options);
    const dear = layOut(bins(...lengths), { ...options, attentionCost: 0.1 });
    assert.equal(cheap.length, 1);
    assert.ok(
      dear.some(({ length }) => length < 50),
      dear.map(({ batch, length }) => `${batch}×${length}`).join(),
    );
  });
});

describe('any layout', () => {
  const random = randomStream(5, 'layouts');
  for (let draw = 0; draw < 150; draw++) {
    const drawn: LayoutOptions = {
      batchSize: 1 + Math.floor(random.uniform() * 9),
      maxLength: 4 + Math.floor(random.uniform() * 200),
      tokenCost: 1,
      attentionCost: 10 ** (-4 + 4 * random.uniform()),
    };
    const window = randomBins(random, drawn.maxLength);
    test(`${window.length} bins, batchSize ${drawn.batchSize}, maxLength ${drawn.maxLength}`, () =>
      check(window, drawn));
  }

  test('of 500 bins is found', () => {
    const lengths = Array.from({ length: 500 }, () => 1 + Math.floor(random.uniform() * 300));
    for (const batchSize of [1, 4, 64]) check(bins(...lengths), { ...options, batchSize });
  });
});

/** Every supervised token is predicted once, from the token before it in the same segment, within the limits. */
function check(window: readonly Bin[], limits: LayoutOptions): void {
  const batches = layOut(window, limits);
  const binLength = (bin: Bin) => bin.reduce((sum, { ids }) => sum + ids.length, 0);
  const longest = Math.max(...window.map(binLength));
  const predicted: number[] = [];
  for (const batch of batches) {
    assert.ok(batch.length <= limits.maxLength || batch.length === longest);
    assert.ok(batch.batch * batch.length <= limits.batchSize * longest);
    checkSegments(batch);
    for (const [at, place] of batch.supervised.entries()) {
      assert.ok(at === 0 || place > batch.supervised[at - 1]!);
      assert.equal(batch.labels[at], batch.ids[place + 1]);
      assert.equal(batch.labels[at], batch.ids[place]! + 1);
      assert.equal(batch.segments[place], batch.segments[place + 1]);
      assert.notEqual((place + 1) % batch.length, 0);
      predicted.push(batch.labels[at]);
    }
  }
  const wanted = window
    .flat()
    .flatMap(({ ids, supervised }) => [...ids].filter((_, at) => at > 0 && supervised[at] === 1));
  const ascending = (left: number, right: number) => left - right;
  assert.deepEqual(predicted.sort(ascending), wanted.sort(ascending));
  const tokens = batches.reduce((sum, batch) => sum + batch.tokens, 0);
  assert.equal(
    tokens,
    window.map(binLength).reduce((sum, length) => sum + length, 0),
  );
}

/** A segment is one whole example: its number says which, its positions count from 0. */
function checkSegments({ batch, length, ids, positions, segments, tokens }: MicroBatch): void {
  let real = 0;
  for (let at = 0; at < batch * length; at++) {
    const first = at % length === 0 || segments[at] !== segments[at - 1];
    if (segments[at] === 0) {
      assert.deepEqual([ids[at], positions[at]], [0, 0]);
      continue;
    }
    real++;
    assert.equal(ids[at]! % 1000, positions[at]);
    if (first) assert.equal(segments[at], at % length === 0 ? 1 : segments[at - 1]! + 1);
    assert.equal(positions[at], first ? 0 : positions[at - 1]! + 1);
    if (!first) assert.equal(Math.floor(ids[at]! / 1000), Math.floor(ids[at - 1]! / 1000));
  }
  assert.equal(real, tokens);
}
