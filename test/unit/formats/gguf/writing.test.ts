import assert from 'node:assert/strict';
import { readFile, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, test } from 'node:test';
import { encodeGguf, holds } from '../../../../src/engine/formats/gguf/encode';
import { readGguf } from '../../../../src/engine/formats/gguf/readGguf';
import { decodeGguf, readGgufRows } from '../../../../src/engine/formats/gguf/readGgufTensor';
import { writeGguf } from '../../../../src/engine/formats/gguf/writeGguf';
import type { GgufEntry } from '../../../../src/engine/formats/gguf/writeGguf';
import { fixture, scratchFolder, someFloats } from '../scratch';

const typesFile = fixture('gguf', 'types.gguf');

test('Q8_0 and F16 are rounded as the Python package rounds them', () => {
  const { tensors } = readGguf(typesFile);
  const stored = (name: string): Uint8Array => readGgufRows(typesFile, tensors.get(name)!);
  const plain = decodeGguf('F32', readGgufRows(typesFile, tensors.get('F32')!));
  assert.deepEqual(Buffer.from(encodeGguf('Q8_0', plain)), Buffer.from(stored('F32 as Q8_0')));
  assert.deepEqual(Buffer.from(encodeGguf('F16', plain)), Buffer.from(stored('F16')));
  assert.deepEqual(Buffer.from(encodeGguf('F32', plain)), Buffer.from(stored('F32')));
  assert.deepEqual(encodeGguf('Q8_0', new Float32Array(32)), new Uint8Array(34));
});

test('what a type is said to hold is finite when it is read again, and the rest is not', () => {
  for (const [type, largest, tooLarge] of [
    ['F32', 3e38, Infinity],
    ['F16', 65_519, 65_520],
    ['Q8_0', 65_504 * 127, 65_520 * 127],
  ] as const) {
    for (const [value, isHeld] of [
      [-largest, true],
      [tooLarge, false],
      [NaN, false],
    ] as const) {
      assert.equal(holds(type, value), isHeld, `${type} ${value}`);
      if (Number.isNaN(value)) continue;
      const [read] = decodeGguf(type, Uint8Array.from(encodeGguf(type, new Float32Array(32).fill(value))));
      assert.equal(Number.isFinite(read), isHeld, `${type} ${value} → ${read}`);
    }
  }
});

const metadata = new Map<string, GgufEntry>([
  ['general.architecture', { text: 'llama' }],
  ['u', { u32: 4_000_000_000 }],
  ['f', { f32: 0.5 }],
  ['b', { flag: true }],
  ['texts', { texts: ['é', ''] }],
  ['is', { i32s: [-1, 2] }],
  ['fs', { f32s: [0.25, -1] }],
]);

describe('a written GGUF file', () => {
  test('is read as it was written', async (t) => {
    const file = path.join(await scratchFolder(t), 'out', 'model.gguf');
    const [a, b] = [someFloats(6, 1), someFloats(64, 2)];
    await writeGguf(file, metadata, [
      { name: 'a', type: 'F32', shape: [2, 3], write: (write) => write(encodeGguf('F32', a)) },
      { name: 'b', type: 'Q8_0', shape: [2, 32], write: (write) => write(encodeGguf('Q8_0', b)) },
    ]);
    const read = readGguf(file);
    assert.deepEqual(Object.fromEntries(read.metadata), {
      'general.architecture': 'llama',
      u: 4_000_000_000,
      f: 0.5,
      b: true,
      texts: ['é', ''],
      is: [-1, 2],
      fs: [0.25, -1],
    });
    assert.deepEqual(decodeGguf('F32', readGgufRows(file, read.tensors.get('a')!)), a);
    assert.deepEqual(read.tensors.get('b')!.shape, [2, 32]);
    const values = decodeGguf('Q8_0', readGgufRows(file, read.tensors.get('b')!));
    values.forEach((value, i) => assert.ok(Math.abs(value - b[i]!) < 0.005));
  });

  test('is not there, and the older one stays, where a tensor cannot be written', async (t) => {
    const folder = await scratchFolder(t);
    const file = path.join(folder, 'model.gguf');
    await writeFile(file, 'older');
    const failing = { name: 'a', type: 'F32', shape: [1], write: () => Promise.reject(new Error('no more')) } as const;
    await assert.rejects(writeGguf(file, metadata, [failing]), /no more/);
    assert.equal(await readFile(file, 'utf8'), 'older');
    assert.deepEqual(await readdir(folder), ['model.gguf']);
  });

  test('with fewer bytes than its shape needs is not made', async (t) => {
    const file = path.join(await scratchFolder(t), 'model.gguf');
    const short = {
      name: 'a',
      type: 'F32',
      shape: [2],
      write: (write) => write(new Uint8Array(4)),
    } as const satisfies {
      write: (write: (bytes: Uint8Array) => Promise<void>) => Promise<void>;
      [key: string]: unknown;
    };
    await assert.rejects(writeGguf(file, metadata, [short]), /4 bytes instead of 8/);
  });
});
