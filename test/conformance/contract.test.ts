import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, describe, test } from 'node:test';
import { float32ToBfloat16, float32ToFloat16 } from '../../src/engine/formats/halfPrecision';
import { GraphBuilder } from '../../src/engine/graph/builder';
import type { Graph } from '../../src/engine/graph/types';
import { f32, floats } from '../../src/engine/runtime/runtime';
import type { WeightData } from '../../src/engine/runtime/runtime';
import { runtimes } from './runtimes';

const folder = mkdtempSync(path.join(tmpdir(), 'lora-conformance-'));
after(() => rmSync(folder, { recursive: true }));

const noWeights = (name: string): WeightData => {
  throw new Error(`There is no weight ${name}`);
};

/** y = x + z, both [N, 2] */
function sum(): Graph {
  const b = new GraphBuilder();
  return b.finish({ y: b.add(b.input('x', 'f32', ['N', 2]), b.input('z', 'f32', ['N', 2])) });
}

/** y = x · w, x [2, 3], w [3, 4] */
function projection(): Graph {
  const b = new GraphBuilder();
  return b.finish({ y: b.matmul(b.input('x', 'f32', [2, 3]), b.weight('w', [3, 4])) });
}

const ones = (...shape: number[]) => f32(new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(1), shape);

const numbers = Float32Array.from({ length: 12 }, (_, i) => (i - 5) / 4);
const stored = { f32: numbers, f16: float32ToFloat16(numbers), bf16: float32ToBfloat16(numbers) };

/** The numbers in a file, after `offset` other bytes and before some more. */
function weightFile(dtype: keyof typeof stored, offset: number): WeightData {
  const file = path.join(folder, `${dtype}-${offset}.bin`);
  const { buffer, byteLength } = stored[dtype];
  writeFileSync(file, Buffer.concat([Buffer.alloc(offset, 7), Buffer.from(buffer, 0, byteLength), Buffer.alloc(5, 7)]));
  return { kind: 'file', file, offset, byteLength, dtype };
}

for (const runtime of runtimes) {
  describe(runtime.name, () => {
    test('refuses to run without an input, and names it', async () => {
      const executable = await runtime.compile(sum(), noWeights);
      await assert.rejects(executable.run({ x: ones(1, 2) }), /Input z is missing/);
      await executable.dispose();
    });

    test('refuses inputs that disagree on the size of a symbol', async () => {
      const executable = await runtime.compile(sum(), noWeights);
      await assert.rejects(executable.run({ x: ones(2, 2), z: ones(1, 2) }), /Input z has shape \[1, 2\]/);
      await executable.dispose();
    });

    test('refuses an input of another size than the graph declares', async () => {
      const executable = await runtime.compile(sum(), noWeights);
      await assert.rejects(executable.run({ x: ones(2, 3), z: ones(2, 3) }), /Input x has shape \[2, 3\]/);
      await executable.dispose();
    });

    test('refuses an input of another type than the graph declares', async () => {
      const executable = await runtime.compile(sum(), noWeights);
      const whole = { dtype: 'i32', shape: [1, 2], data: Int32Array.of(1, 2) } as const;
      await assert.rejects(executable.run({ x: whole, z: ones(1, 2) }), /\bx\b/);
      await executable.dispose();
    });

    test('ignores inputs that the graph does not have', async () => {
      const executable = await runtime.compile(sum(), noWeights);
      const results = await executable.run({ x: ones(1, 2), z: ones(1, 2), other: ones(3) });
      assert.deepEqual([...floats(results, 'y')], [2, 2]);
      await executable.dispose();
    });

    test('hands results over: a later run does not change them, and they may be changed', async () => {
      const b = new GraphBuilder();
      const x = b.input('x', 'f32', ['N']);
      const graph = b.finish({ same: x, twice: b.scale(x, 2), constant: b.constant([5], [1]) });
      const executable = await runtime.compile(graph, noWeights);
      const given = Float32Array.of(1, 2);
      const first = await executable.run({ x: f32(given, [2]) });
      floats(first, 'same').fill(9);
      floats(first, 'constant').fill(9);
      const second = await executable.run({ x: f32(Float32Array.of(3, 4), [2]) });
      assert.deepEqual([...given], [1, 2]);
      assert.deepEqual([...floats(first, 'twice')], [2, 4]);
      assert.deepEqual([...floats(second, 'same')], [3, 4]);
      assert.deepEqual([...floats(second, 'constant')], [5]);
      await executable.dispose();
    });

    test('runs the same graph again with other sizes', async () => {
      const executable = await runtime.compile(sum(), noWeights);
      for (const rows of [3, 1, 0, 5]) {
        const { y } = await executable.run({ x: ones(rows, 2), z: ones(rows, 2) });
        assert.deepEqual(y?.shape, [rows, 2]);
      }
      await executable.dispose();
    });

    test('keeps two compiled graphs apart', async () => {
      const executables = await Promise.all(
        [1, 2].map((value) =>
          runtime.compile(projection(), () => ({ kind: 'memory', data: new Float32Array(12).fill(value) })),
        ),
      );
      const results = await Promise.all(executables.map((executable) => executable.run({ x: ones(2, 3) })));
      assert.deepEqual(
        results.map((result) => floats(result, 'y')[0]),
        [3, 6],
      );
      await Promise.all(executables.map((executable) => executable.dispose()));
    });

    test('does not run any more once it is disposed of', async () => {
      const executable = await runtime.compile(sum(), noWeights);
      await executable.dispose();
      await assert.rejects(executable.run({ x: ones(1, 2), z: ones(1, 2) }));
    });

    test('reads a weight that is a part of a larger array', async () => {
      const data = Float32Array.of(99, ...numbers, 99).subarray(1, 13);
      const executable = await runtime.compile(projection(), () => ({ kind: 'memory', data }));
      assert.deepEqual([...floats(await executable.run({ x: ones(2, 3) }), 'y')].slice(0, 4), [-0.75, 0, 0.75, 1.5]);
      await executable.dispose();
    });

    for (const dtype of ['f32', 'f16', 'bf16'] as const) {
      for (const offset of [0, 4, 8, 10, 4096, 4098]) {
        test(`reads a ${dtype} weight at byte ${offset} of a file`, async () => {
          const executable = await runtime.compile(projection(), () => weightFile(dtype, offset));
          const results = await executable.run({ x: ones(2, 3) });
          assert.deepEqual([...floats(results, 'y')].slice(0, 4), [-0.75, 0, 0.75, 1.5]);
          await executable.dispose();
        });
      }
    }

    test('reads weights from several folders, also through links', async () => {
      const b = new GraphBuilder();
      const graph = b.finish({ y: b.add(b.weight('a', [3, 4]), b.weight('b', [3, 4])) });
      const direct = weightFile('f32', 0);
      const far = weightFile('bf16', 16);
      assert.ok(direct.kind === 'file' && far.kind === 'file');
      const link = path.join(mkdtempSync(path.join(folder, 'links-')), 'weights');
      symlinkSync(far.file, link);
      const executable = await runtime.compile(graph, (name) => (name === 'a' ? direct : { ...far, file: link }));
      const results = await executable.run({});
      assert.deepEqual(
        floats(results, 'y'),
        numbers.map((number) => 2 * number),
      );
      await executable.dispose();
    });

    test('does not compile a graph whose weight file is missing', async () => {
      const file = path.join(folder, 'missing.bin');
      const weight = { kind: 'file', file, offset: 0, byteLength: 48, dtype: 'f32' } as const;
      await assert.rejects(
        runtime.compile(projection(), () => weight),
        /missing\.bin/,
      );
    });

    test('does not compile a graph whose weight file is too short', async () => {
      const weight = weightFile('f32', 0);
      await assert.rejects(runtime.compile(projection(), () => ({ ...weight, offset: 40 }) as WeightData));
    });

    test('does not compile a graph whose weight has another size', async () => {
      await assert.rejects(
        runtime.compile(projection(), () => ({ kind: 'memory', data: new Float32Array(11) })),
        /\bw\b/,
      );
    });
  });
}
