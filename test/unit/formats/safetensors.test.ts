import assert from 'node:assert/strict';
import { mkdir, open, readFile, readdir, stat, truncate, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, test } from 'node:test';
import {
  readBytes,
  readSafetensorsHeader,
  readTensor,
  writeSafetensors,
} from '../../../src/engine/formats/safetensors';
import type { TensorToWrite } from '../../../src/engine/formats/safetensors';
import { failsWith, scratchFolder, skipWithoutTestData, someFloats, testData } from './scratch';

/** A safetensors file by hand: any header, any data. */
async function craft(file: string, header: unknown, data: Uint8Array = new Uint8Array()): Promise<string> {
  const text = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  await writeFile(file, Buffer.concat([length, text, data]));
  return file;
}

const f32 = (shape: number[], begin: number, end: number): unknown => ({
  dtype: 'F32',
  shape,
  data_offsets: [begin, end],
});

describe('a safetensors header', () => {
  test('tells every tensor with its place in the file', async (t) => {
    const file = await craft(
      path.join(await scratchFolder(t), 'a.safetensors'),
      { __metadata__: { format: 'pt' }, b: f32([2, 1], 4, 12), a: f32([], 0, 4), none: f32([0, 3], 12, 12) },
      new Uint8Array(Float32Array.of(7, 8, 9).buffer),
    );
    const { metadata, tensors } = await readSafetensorsHeader(file);
    assert.deepEqual(metadata, { format: 'pt' });
    assert.deepEqual([...tensors.keys()].sort(), ['a', 'b', 'none']);
    const size = (await stat(file)).size;
    assert.deepEqual(tensors.get('b'), {
      name: 'b',
      dtype: 'F32',
      shape: [2, 1],
      file,
      offset: size - 8,
      byteLength: 8,
    });
    assert.deepEqual([...(await readTensor(tensors.get('a')!))], [7]);
    assert.deepEqual([...(await readTensor(tensors.get('b')!))], [8, 9]);
    assert.equal((await readTensor(tensors.get('none')!)).length, 0);
  });

  const broken: { name: string; code: string; header: unknown; dataBytes: number; says: RegExp }[] = [
    { name: 'that is not JSON', code: 'safetensors-header-broken', header: '{"a":', dataBytes: 0, says: /not JSON/ },
    { name: 'that is a list', code: 'safetensors-header-broken', header: [], dataBytes: 0, says: /not a JSON object/ },
    {
      name: 'whose metadata is not text',
      code: 'safetensors-header-broken',
      header: { __metadata__: { steps: 3 } },
      dataBytes: 0,
      says: /__metadata__\.steps/,
    },
    {
      name: 'whose metadata is a list',
      code: 'safetensors-header-broken',
      header: { __metadata__: ['pt'] },
      dataBytes: 0,
      says: /__metadata__/,
    },
    {
      name: 'with tensors that share bytes',
      code: 'safetensors-overlap',
      header: { first: f32([2], 0, 8), second: f32([2], 4, 12) },
      dataBytes: 12,
      says: /"first" and "second"/,
    },
    {
      name: 'with the same bytes twice',
      code: 'safetensors-overlap',
      header: { first: f32([2], 0, 8), second: f32([2], 0, 8) },
      dataBytes: 8,
      says: /share bytes/,
    },
    {
      name: 'with a hole between tensors',
      code: 'safetensors-hole',
      header: { first: f32([1], 0, 4), second: f32([1], 12, 16) },
      dataBytes: 16,
      says: /8 bytes before "second"/,
    },
    {
      name: 'with bytes that no tensor owns at the end',
      code: 'safetensors-hole',
      header: { first: f32([1], 0, 4) },
      dataBytes: 7,
      says: /3 bytes at the end/,
    },
    {
      name: 'of a file that is cut off',
      code: 'safetensors-truncated',
      header: { first: f32([100], 0, 400) },
      dataBytes: 399,
      says: /"first"/,
    },
    {
      name: 'with an unknown dtype',
      code: 'safetensors-dtype-unknown',
      header: { first: { dtype: 'Q4_K', shape: [4], data_offsets: [0, 4] } },
      dataBytes: 4,
      says: /"Q4_K"/,
    },
    {
      name: 'with a dtype that is a property of every object',
      code: 'safetensors-dtype-unknown',
      header: { first: { dtype: 'constructor', shape: [4], data_offsets: [0, 4] } },
      dataBytes: 4,
      says: /"constructor"/,
    },
    {
      name: 'whose shape needs other bytes than it has',
      code: 'safetensors-length-mismatch',
      header: { first: f32([3], 0, 8) },
      dataBytes: 8,
      says: /needs 12 bytes .* 8 are stored/,
    },
    {
      name: 'whose shape overflows',
      code: 'safetensors-length-mismatch',
      header: { first: f32([2 ** 40, 2 ** 40], 0, 0) },
      dataBytes: 0,
      says: /0 are stored/,
    },
    {
      name: 'with a negative size',
      code: 'safetensors-entry-broken',
      header: { a: f32([-1], 0, 4) },
      dataBytes: 4,
      says: /shape/,
    },
    {
      name: 'with a broken size',
      code: 'safetensors-entry-broken',
      header: { a: f32([1.5], 0, 6) },
      dataBytes: 6,
      says: /shape/,
    },
    {
      name: 'that ends before it begins',
      code: 'safetensors-entry-broken',
      header: { a: f32([1], 8, 4) },
      dataBytes: 8,
      says: /before/,
    },
    {
      name: 'with one offset',
      code: 'safetensors-entry-broken',
      header: { a: { dtype: 'F32', shape: [1], data_offsets: [0] } },
      dataBytes: 4,
      says: /data_offsets/,
    },
    { name: 'without dtype', code: 'safetensors-entry-broken', header: { a: {} }, dataBytes: 0, says: /dtype/ },
    {
      name: 'whose entry is a number',
      code: 'safetensors-entry-broken',
      header: { a: 3 },
      dataBytes: 0,
      says: /not an object/,
    },
  ];
  for (const { name, code, header, dataBytes, says } of broken) {
    test(`${name} is refused (${code})`, async (t) => {
      const file = await craft(path.join(await scratchFolder(t), 'x.safetensors'), header, new Uint8Array(dataBytes));
      const failure = await failsWith(code, readSafetensorsHeader(file));
      assert.match(failure.message, says);
      assert.equal(failure.place?.file, file);
      assert.equal(failure.exitCode, 1);
    });
  }

  test('longer than the file is refused', async (t) => {
    const file = path.join(await scratchFolder(t), 'x.safetensors');
    await writeFile(file, Uint8Array.of(255, 255, 255, 255, 255, 255, 255, 255, 123, 125));
    const failure = await failsWith('safetensors-header-too-long', readSafetensorsHeader(file));
    assert.match(failure.message, /18446744073709551615 bytes, but the whole file has 10/);
  });

  test('over 100 MB is refused, even where the file is that long', async (t) => {
    const file = path.join(await scratchFolder(t), 'x.safetensors');
    const length = Buffer.alloc(8);
    length.writeBigUInt64LE(100_000_001n);
    await writeFile(file, length);
    await truncate(file, 100_000_009);
    await failsWith('safetensors-header-huge', readSafetensorsHeader(file));
  });

  test('of an empty file, a missing file and a folder is refused', async (t) => {
    const folder = await scratchFolder(t);
    await writeFile(path.join(folder, 'empty.safetensors'), '');
    await mkdir(path.join(folder, 'folder.safetensors'));
    await failsWith('safetensors-truncated', readSafetensorsHeader(path.join(folder, 'empty.safetensors')));
    await failsWith('safetensors-missing', readSafetensorsHeader(path.join(folder, 'no.safetensors')));
    await failsWith('safetensors-missing', readSafetensorsHeader(path.join(folder, 'empty.safetensors', 'x')));
    await failsWith('file-unreadable', readSafetensorsHeader(path.join(folder, 'folder.safetensors')));
  });
});

describe('a tensor', () => {
  test('of doubles is rounded to singles', async (t) => {
    const values = Float64Array.of(1 / 3, -2, 1e300, 5e-324);
    const header = { a: { dtype: 'F64', shape: [4], data_offsets: [0, 32] } };
    const file = await craft(path.join(await scratchFolder(t), 'x'), header, new Uint8Array(values.buffer));
    const { tensors } = await readSafetensorsHeader(file);
    assert.deepEqual(await readTensor(tensors.get('a')!), new Float32Array(values));
  });

  for (const dtype of ['I64', 'U8', 'BOOL', 'F8_E4M3'] as const) {
    test(`of ${dtype} has bytes but nothing to compute with`, async (t) => {
      const bytes = Uint8Array.of(1, 0, 1, 1, 0, 0, 1, 0);
      const header = { a: { dtype, shape: [dtype === 'I64' ? 1 : 8], data_offsets: [0, 8] } };
      const file = await craft(path.join(await scratchFolder(t), 'x'), header, bytes);
      const entry = (await readSafetensorsHeader(file)).tensors.get('a')!;
      assert.deepEqual(new Uint8Array(await readBytes(entry)), bytes);
      assert.match((await failsWith('tensor-dtype-unsupported', readTensor(entry))).message, new RegExp(dtype));
    });
  }

  test('of a file that shrank after its header was read is refused', async (t) => {
    const file = path.join(await scratchFolder(t), 'x.safetensors');
    await writeSafetensors(file, [{ name: 'a', shape: [100], data: someFloats(100) }]);
    const entry = (await readSafetensorsHeader(file)).tensors.get('a')!;
    await truncate(file, entry.offset + 396);
    await failsWith('safetensors-truncated', readTensor(entry));
    await failsWith('safetensors-truncated', readBytes(entry));
  });
});

describe('a written file', () => {
  const tensors: TensorToWrite[] = [
    { name: 'wide', shape: [3, 5], data: someFloats(15) },
    { name: 'half "quoted"', shape: [3], data: someFloats(3, 2), dtype: 'F16' },
    { name: '10', shape: [2, 1], data: someFloats(2, 3), dtype: 'BF16' },
    { name: '9', shape: [], data: someFloats(1, 4) },
    { name: 'empty', shape: [0, 4], data: new Float32Array() },
  ];

  test('is read back: singles bit by bit, halves rounded', async (t) => {
    const file = path.join(await scratchFolder(t), 'new', 'folder', 'x.safetensors');
    await writeSafetensors(file, tensors, { format: 'pt', steps: '3' });
    const read = await readSafetensorsHeader(file);
    assert.deepEqual(read.metadata, { format: 'pt', steps: '3' });
    assert.deepEqual(new Set(read.tensors.keys()), new Set(tensors.map(({ name }) => name)));
    for (const { name, shape, data, dtype = 'F32' } of tensors) {
      const entry = read.tensors.get(name)!;
      assert.deepEqual(entry.shape, shape);
      assert.equal(entry.dtype, dtype);
      const tolerance = { F32: 0, F16: 2 ** -11, BF16: 2 ** -8 }[dtype];
      const values = await readTensor(entry);
      data.forEach((value, i) => assert.ok(Math.abs(values[i]! - value) <= tolerance * Math.abs(value), name));
    }
  });

  test('depends on its tensors alone, not on their order', async (t) => {
    const folder = await scratchFolder(t);
    await writeSafetensors(path.join(folder, 'a'), tensors, { b: '2', a: '1' });
    await writeSafetensors(path.join(folder, 'b'), [...tensors].reverse(), { a: '1', b: '2' });
    assert.deepEqual(await readFile(path.join(folder, 'a')), await readFile(path.join(folder, 'b')));
    assert.deepEqual((await readdir(folder)).sort(), ['a', 'b']);
  });

  test('says that it is for PyTorch, has data aligned to 8 bytes, and wide tensors first', async (t) => {
    const file = path.join(await scratchFolder(t), 'x');
    await writeSafetensors(file, tensors);
    const read = await readSafetensorsHeader(file);
    assert.deepEqual(read.metadata, { format: 'pt' });
    const handle = await open(file);
    const { buffer } = await handle.read(Buffer.alloc(8), 0, 8, 0);
    await handle.close();
    assert.equal(buffer.readBigUInt64LE() % 8n, 0n);
    for (const entry of read.tensors.values()) assert.equal(entry.offset % (entry.dtype === 'F32' ? 4 : 2), 0);
  });

  test('holds long tensors of halves, converted piece by piece', async (t) => {
    const file = path.join(await scratchFolder(t), 'x');
    const data = someFloats((1 << 20) + 3).map((value) => Math.round(value * 128) / 128);
    await writeSafetensors(file, [{ name: 'a', shape: [data.length], data, dtype: 'BF16' }]);
    assert.deepEqual(await readTensor((await readSafetensorsHeader(file)).tensors.get('a')!), data);
  });

  test('with a wrong length or a name twice is a mistake of the program, and nothing is written', async (t) => {
    const folder = await scratchFolder(t);
    const file = path.join(folder, 'x');
    await assert.rejects(writeSafetensors(file, [{ name: 'a', shape: [2], data: someFloats(3) }]), /3 elements/);
    await assert.rejects(writeSafetensors(file, [tensors[0]!, tensors[0]!]), /two tensors/);
    assert.deepEqual(await readdir(folder), []);
  });
});

describe('the weights of real models', { skip: skipWithoutTestData }, () => {
  // Sums in double precision of what PyTorch reads from the same files.
  const known = [
    {
      model: 'stories15M',
      tensor: 'model.norm.weight',
      dtype: 'F16',
      sum: 2043.537109375,
      squares: 14609.105655670166,
    },
    {
      model: 'stories15M',
      tensor: 'model.layers.3.mlp.down_proj.weight',
      dtype: 'F16',
      sum: -13.27339220046997,
      squares: 146.95523754829452,
    },
    {
      model: 'TinyStories-656K',
      tensor: 'model.norm.weight',
      dtype: 'BF16',
      sum: 83.99560546875,
      squares: 56.62547707557678,
    },
    {
      model: 'stories260K',
      tensor: 'model.norm.weight',
      dtype: 'F32',
      sum: 115.95276230573654,
      squares: 231.44950666849735,
    },
  ];
  for (const { model, tensor, dtype, sum, squares } of known) {
    test(`${model}: ${tensor} (${dtype}) has the values that PyTorch reads`, async () => {
      const { tensors } = await readSafetensorsHeader(testData('models', model, 'model.safetensors'));
      const entry = tensors.get(tensor)!;
      assert.equal(entry.dtype, dtype);
      const values = await readTensor(entry);
      const close = (actual: number, expected: number): void =>
        assert.ok(Math.abs(actual - expected) <= 1e-9 * Math.abs(expected), `${actual} is not ${expected}`);
      close(
        values.reduce((total, value) => total + value, 0),
        sum,
      );
      close(
        values.reduce((total, value) => total + value * value, 0),
        squares,
      );
    });
  }

  for (const model of ['stories260K', 'TinyStories-656K']) {
    test(`${model} survives reading and writing in its own dtype byte by byte`, async (t) => {
      const original = await readSafetensorsHeader(testData('models', model, 'model.safetensors'));
      const entries = [...original.tensors.values()];
      const copies = await Promise.all(
        entries.map(async (entry) => ({
          name: entry.name,
          shape: entry.shape,
          dtype: entry.dtype as 'F32' | 'BF16',
          data: await readTensor(entry),
        })),
      );
      const file = path.join(await scratchFolder(t), 'model.safetensors');
      await writeSafetensors(file, copies);
      const written = await readSafetensorsHeader(file);
      for (const entry of entries) {
        assert.deepEqual(await readBytes(written.tensors.get(entry.name)!), await readBytes(entry), entry.name);
      }
    });
  }
});
