import { floats, i32 } from '../runtime/runtime';
import type { Executable, Tensors } from '../runtime/runtime';

/** A compiled logits graph with the trained tensors to use. */
export interface LogitsSource {
  readonly executable: Executable;
  readonly trained: Tensors;
}

/** Logits [vocabulary] of the token after `ids`. */
export async function lastLogits(source: LogitsSource, ids: Int32Array): Promise<Float32Array> {
  return logitsAt(source, ids, Int32Array.of(ids.length - 1));
}

/** Logits [rows, vocabulary] at some positions of one text. */
export async function logitsAt(source: LogitsSource, ids: Int32Array, rows: Int32Array): Promise<Float32Array> {
  const shape = [1, ids.length];
  const results = await source.executable.run({
    ...source.trained,
    ids: i32(ids, shape),
    positions: i32(
      ids.map((_, position) => position),
      shape,
    ),
    segments: i32(new Int32Array(ids.length).fill(1), shape),
    rows: i32(rows, [rows.length]),
  });
  return floats(results, 'logits');
}
