import { GraphBuilder } from '../graph/builder';
import { f32, floats } from '../runtime/runtime';
import type { Runtime } from '../runtime/runtime';

const smallest = 2 ** 28;
const largest = 2 ** 32;

/**
 * The bytes of the largest piece of memory that a device computes with, of 256 MiB, 512 MiB and so on; null where none was
 * refused up to `limit` and 4 GiB, and where not even the first could be had. A WebGPU driver has a limit of its own for one
 * buffer, which has nothing to do with how much memory there is. `onFound` hears of each size: a driver may end the process at
 * the next one.
 */
export async function largestBuffer(
  runtime: Runtime,
  limit: number,
  onFound: (bytes: number) => Promise<void> = () => Promise.resolve(),
): Promise<number | null> {
  let found: number | null = null;
  for (let bytes = smallest; bytes <= Math.min(limit, largest); bytes *= 2) {
    if (!(await holds(runtime, bytes).catch(() => false))) return found;
    found = bytes;
    await onFound(found);
  }
  return null;
}

/** Whether a tensor of so many bytes can be filled and its last number read. */
async function holds(runtime: Runtime, bytes: number): Promise<boolean> {
  const count = bytes / 4;
  const b = new GraphBuilder();
  const wide = b.op('expand', { shape: [count] }, b.input('x', 'f32', [1]));
  const graph = b.finish({ last: b.op('slice', { axis: 0, start: count - 1, end: count }, wide) });
  const executable = await runtime.compile(graph, () => {
    throw new Error('There are no weights');
  });
  try {
    const results = await executable.run({ x: f32(Float32Array.of(3), [1]) });
    return floats(results, 'last')[0] === 3;
  } finally {
    await executable.dispose();
  }
}
