import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { largestBuffer } from '../../../src/engine/devices/largestBuffer';
import type { Graph } from '../../../src/engine/graph/types';
import { OnnxRuntime } from '../../../src/engine/runtime/onnx/onnxRuntime';
import { f32 } from '../../../src/engine/runtime/runtime';
import type { Runtime } from '../../../src/engine/runtime/runtime';

const quarter = 2 ** 28;

/** Computes pieces of up to so many bytes as they should be, and answers larger ones with `beyond`. */
function limited(bytes: number, beyond: () => number): Runtime & { readonly disposed: () => number } {
  let disposed = 0;
  return {
    name: 'onnxruntime',
    device: 'webgpu',
    disposed: () => disposed,
    compile: (graph: Graph) => {
      const [count] = graph.nodes.find(({ op }) => op === 'expand')!.outputs[0]!.shape as [number];
      return Promise.resolve({
        run: (inputs) => {
          const [value] = inputs['x']!.data;
          const last = 4 * count <= bytes ? value! : beyond();
          return Promise.resolve({ last: f32(Float32Array.of(last), [1]) });
        },
        dispose: () => {
          disposed++;
          return Promise.resolve();
        },
      });
    },
  };
}

describe('the largest piece of memory that a device computes with', () => {
  test('is the last that succeeded, and each is told as it is found', async () => {
    const heard: number[] = [];
    const runtime = limited(4 * quarter, () => {
      throw new Error('the buffer is too large');
    });
    const found = await largestBuffer(runtime, Infinity, (bytes) => {
      heard.push(bytes);
      return Promise.resolve();
    });
    assert.equal(found, 4 * quarter);
    assert.deepEqual(heard, [quarter, 2 * quarter, 4 * quarter]);
    assert.equal(runtime.disposed(), 4);
  });

  test('is none whose last number is another one', async () => {
    assert.equal(
      await largestBuffer(
        limited(quarter, () => 0),
        Infinity,
      ),
      quarter,
    );
    assert.equal(
      await largestBuffer(
        limited(0, () => 0),
        Infinity,
      ),
      null,
    );
  });

  test('is not looked for beyond a limit, nor beyond 4 GiB', async () => {
    const all = limited(Infinity, () => 0);
    for (const limit of [3 * quarter, quarter - 1, Infinity]) {
      const heard: number[] = [];
      const found = await largestBuffer(all, limit, (bytes) => {
        heard.push(bytes);
        return Promise.resolve();
      });
      assert.equal(found, null, 'none was refused');
      assert.deepEqual(
        heard,
        [quarter, 2 * quarter, 4 * quarter, 8 * quarter, 16 * quarter].filter((bytes) => bytes <= limit),
      );
    }
  });

  test('is looked for with ONNX Runtime, on the processor', async () => {
    const heard: number[] = [];
    await largestBuffer(new OnnxRuntime({ threads: 1 }), quarter, (bytes) => {
      heard.push(bytes);
      return Promise.resolve();
    });
    assert.deepEqual(heard, [quarter]);
  });
});
