import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, test } from 'node:test';
import type { TestContext } from 'node:test';
import { blockBytes, decodeBlocks } from '../../../../src/engine/formats/blocks';
import { heldBlocks, heldForm } from '../../../../src/engine/formats/gguf/heldBlocks';
import { readGguf } from '../../../../src/engine/formats/gguf/readGguf';
import { decodeGguf, readGgufRows, splitGguf } from '../../../../src/engine/formats/gguf/readGgufTensor';
import { ggufTypes, isBlockType } from '../../../../src/engine/formats/gguf/types';
import type { GgufType } from '../../../../src/engine/formats/gguf/types';
import { Failure } from '../../../../src/failure/failure';
import { failsWith, fixture, scratchFolder } from '../scratch';
import { GgufBytes } from './ggufBytes';

// Made by test/parity/fixtures/ggufFixtures.py with the Python package `gguf`.
const typesFile = fixture('gguf', 'types.gguf');
const shape = [2, 512];

/** What the Python package reads from the matrices, in the order of the file. */
async function expectedValues(): Promise<Float32Array> {
  const bytes = await readFile(fixture('gguf', 'types.f32'));
  return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
}

const bits = (values: Float32Array): Uint32Array => new Uint32Array(values.buffer, values.byteOffset, values.length);

describe('each type gives the numbers of the Python package, bit for bit', () => {
  const { tensors: all } = readGguf(typesFile);
  const tensors = new Map([...all].filter(([name]) => name !== 'F32 as Q8_0'));
  test('all types are there', () => {
    assert.deepEqual([...tensors.keys()].sort(), Object.keys(ggufTypes).sort());
  });
  for (const [i, tensor] of [...tensors.values()].entries()) {
    test(tensor.name, async () => {
      assert.equal(tensor.type, tensor.name);
      assert.deepEqual(tensor.shape, shape);
      const expected = (await expectedValues()).subarray(i * 1024, (i + 1) * 1024);
      assert.deepEqual(bits(decodeGguf(tensor.type, readGgufRows(typesFile, tensor))), bits(expected.slice()));
      // One row alone, as embeddings are looked at.
      const second = decodeGguf(tensor.type, readGgufRows(typesFile, tensor, 1, 1));
      assert.deepEqual(bits(second), bits(expected.slice(512)));
    });
  }
});

test('codes of each type stay within their limits, and some reach them', () => {
  for (const tensor of readGguf(typesFile).tensors.values()) {
    if (!isBlockType(tensor.type) || tensor.name !== tensor.type) continue;
    const { codes } = splitGguf(tensor.type, readGgufRows(typesFile, tensor));
    const limits = codeLimits[tensor.type];
    assert.deepEqual([Math.min(...codes), Math.max(...codes)], limits, tensor.type);
  }
});

describe('held in blocks, a matrix keeps its numbers bit for bit', () => {
  for (const tensor of readGguf(typesFile).tensors.values()) {
    const { type } = tensor;
    if (!isBlockType(type)) continue;
    test(type, () => {
      const blocks = heldBlocks({ ...tensor, dtype: type, file: typesFile, layout: 'same' });
      const form = heldForm(type);
      const { codes, scales, offsets } = blockBytes(form, 1024);
      assert.equal(blocks.codes.byteLength, codes);
      assert.equal(blocks.scales.byteLength, scales);
      assert.equal(blocks.offsets?.byteLength ?? 0, offsets);
      const expected = decodeGguf(type, readGgufRows(typesFile, tensor));
      assert.deepEqual(bits(decodeBlocks(form, blocks)), bits(expected));
    });
  }
});

const codeLimits: Partial<Record<GgufType, readonly number[]>> = {
  Q4_0: [-8, 7],
  Q4_1: [0, 15],
  Q5_0: [-16, 15],
  Q5_1: [0, 31],
  Q8_0: [-128, 127],
  Q2_K: [0, 3],
  Q3_K: [-4, 3],
  Q4_K: [0, 15],
  Q5_K: [0, 31],
  Q6_K: [-32, 31],
};

async function written(t: TestContext, bytes: Uint8Array): Promise<string> {
  const file = path.join(await scratchFolder(t), 'model.gguf');
  await writeFile(file, bytes);
  return file;
}

/** A sound small file: two keys and two tensors of four numbers. */
const sound = (): GgufBytes =>
  new GgufBytes()
    .start(2, 2)
    .text('a')
    .u32(4)
    .u32(7)
    .text('b')
    .u32(8)
    .text('x')
    .tensor('t', [4], 0, 0)
    .tensor('u', [4], 0, 32)
    .data(64);

describe('metadata', () => {
  test('of every type is read', async (t) => {
    const file = await written(
      t,
      new GgufBytes()
        .start(0, 12)
        .text('u8')
        .u32(0)
        .bytes(255)
        .text('i8')
        .u32(1)
        .bytes(255)
        .text('u16')
        .u32(2)
        .bytes(1, 2)
        .text('i16')
        .u32(3)
        .bytes(255, 255)
        .text('u32')
        .u32(4)
        .u32(4_000_000_000)
        .text('i32')
        .u32(5)
        .u32(0xffffffff)
        .text('f32')
        .u32(6)
        .bytes(0, 0, 0x80, 0x3f)
        .text('bool')
        .u32(7)
        .bytes(1)
        .text('text')
        .u32(8)
        .text('é')
        .text('u64')
        .u32(10)
        .u64(2n ** 63n)
        .text('i64')
        .u32(11)
        .u64(5n)
        .text('list')
        .u32(9)
        .u32(9)
        .u64(1n)
        .u32(8)
        .u64(2n)
        .text('a')
        .text('b')
        .data(0).all,
    );
    assert.deepEqual(Object.fromEntries(readGguf(file).metadata), {
      u8: 255,
      i8: -1,
      u16: 513,
      i16: -1,
      u32: 4_000_000_000,
      i32: -1,
      f32: 1,
      bool: true,
      text: 'é',
      u64: 2n ** 63n,
      i64: 5,
      list: [['a', 'b']],
    });
  });

  test('longer than a piece of the file is read', async (t) => {
    const long = 'x'.repeat(700_000);
    const file = await written(
      t,
      new GgufBytes().start(0, 2).text('long').u32(8).text(long).text('after').u32(7).bytes(0).data(0).all,
    );
    assert.deepEqual(
      [...readGguf(file).metadata],
      [
        ['long', long],
        ['after', false],
      ],
    );
  });
});

describe('a broken file is refused, and says where', () => {
  const start = (): GgufBytes => new GgufBytes().start(1, 0);
  const cases: Readonly<Record<string, readonly [bytes: Uint8Array, code: string, path?: string]>> = {
    empty: [new Uint8Array(0), 'gguf-broken'],
    'another format': [Buffer.alloc(64, 'safetensors'), 'gguf-broken'],
    'version 1': [new GgufBytes().start(0, 0, 1).data(64).all, 'gguf-version'],
    'big-endian': [new GgufBytes().start(0, 0, 0x03000000).data(64).all, 'gguf-big-endian'],
    'more tensors than fit': [new GgufBytes().start(1_000_000_000, 0).data(64).all, 'gguf-broken'],
    'more keys than fit': [new GgufBytes().start(0, 2 ** 52).data(64).all, 'gguf-broken'],
    'a key longer than the file': [
      new GgufBytes()
        .start(0, 1)
        .u64(2n ** 62n)
        .data(64).all,
      'gguf-broken',
    ],
    'a list longer than the file': [
      new GgufBytes()
        .start(0, 1)
        .text('k')
        .u32(9)
        .u32(0)
        .u64(2n ** 40n)
        .data(64).all,
      'gguf-broken',
    ],
    'lists without end': [nested(64), 'gguf-broken', 'k'],
    'an unknown type of value': [new GgufBytes().start(0, 1).text('k').u32(99).data(64).all, 'gguf-broken', 'k'],
    'neither true nor false': [new GgufBytes().start(0, 1).text('k').u32(7).bytes(2).data(64).all, 'gguf-broken', 'k'],
    'a key twice': [
      new GgufBytes().start(0, 2).text('k').u32(7).bytes(1).text('k').u32(7).bytes(1).data(64).all,
      'gguf-broken',
      'k',
    ],
    'an alignment that is none': [
      new GgufBytes().start(0, 1).text('general.alignment').u32(4).u32(24).data(64).all,
      'gguf-broken',
      'general.alignment',
    ],
    'a tensor of too many axes': [start().tensor('t', [1, 1, 1, 1, 1], 0, 0).data(64).all, 'gguf-broken', 't'],
    'a tensor larger than the file': [
      start()
        .tensor('t', [2 ** 40, 2 ** 40], 0, 0)
        .data(64).all,
      'gguf-broken',
      't',
    ],
    'sizes whose product overflows': [
      start()
        .tensor('t', [2 ** 32, 2 ** 32, 2 ** 32, 0], 0, 0)
        .data(64).all,
      'gguf-broken',
      't',
    ],
    'an unsupported type': [start().tensor('t', [32], 20, 0).data(64).all, 'gguf-type-unsupported', 't'],
    'rows that do not fill blocks': [start().tensor('t', [33], 8, 0).data(64).all, 'gguf-broken', 't'],
    'a place that is not aligned': [start().tensor('t', [4], 0, 4).data(64).all, 'gguf-broken', 't'],
    'a place beyond the end': [
      start()
        .tensor('t', [4], 0, 2 ** 50)
        .data(64).all,
      'gguf-broken',
      't',
    ],
    'a tensor cut off': [start().tensor('t', [32], 0, 0).data(64).all, 'gguf-broken', 't'],
    'tensors upon each other': [
      new GgufBytes().start(2, 0).tensor('t', [16], 0, 0).tensor('u', [16], 0, 32).data(128).all,
      'gguf-broken',
      'u',
    ],
    'two tensors of one name': [
      new GgufBytes().start(2, 0).tensor('t', [4], 0, 0).tensor('t', [4], 0, 32).data(64).all,
      'gguf-broken',
      't',
    ],
  };
  for (const [what, [bytes, code, at]] of Object.entries(cases)) {
    test(what, async (t) => {
      const file = await written(t, bytes);
      const { place } = await failsWith(
        code,
        Promise.resolve().then(() => readGguf(file)),
      );
      assert.deepEqual(place, at === undefined ? { file } : { file, path: at });
    });
  }

  test('cut off at any byte', async (t) => {
    const whole = sound().all;
    const file = await written(t, whole);
    assert.equal(readGguf(file).tensors.size, 2);
    // The last tensor ends before the padding does.
    for (let length = 0; length < whole.length - 16; length++) {
      await writeFile(file, whole.subarray(0, length));
      await failsWith(
        'gguf-broken',
        Promise.resolve().then(() => readGguf(file)),
      );
    }
  });

  test('with any byte changed, it is read or refused in words', async (t) => {
    const whole = sound().all;
    const file = await written(t, whole);
    let refused = 0;
    for (let at = 0; at < whole.length; at++) {
      for (const value of [0, 1, 0x7f, 0xff]) {
        const damaged = whole.slice();
        damaged[at] = value;
        await writeFile(file, damaged);
        try {
          readGguf(file);
        } catch (error) {
          refused++;
          assert.ok(error instanceof Failure);
          await failsWith(error.code, Promise.reject(error));
        }
      }
    }
    assert.ok(refused > 200, `${refused} damages were found`);
  });

  test('that is not there', async () => {
    await failsWith(
      'file-missing',
      Promise.resolve().then(() => readGguf('no/such.gguf')),
    );
  });
});

function nested(depth: number): Uint8Array {
  const bytes = new GgufBytes().start(0, 1).text('k').u32(9);
  for (let i = 0; i < depth; i++) bytes.u32(9).u64(1n);
  return bytes.data(64).all;
}
