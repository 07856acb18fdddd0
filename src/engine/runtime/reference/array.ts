/** A dense row-major array. Every element type is held in float64, which represents i32, bool and f32 exactly. */
export interface DenseArray {
  readonly shape: readonly number[];
  readonly data: Float64Array;
}

export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

/** An array of zeros. */
export function zeros(shape: readonly number[]): DenseArray {
  return { shape, data: new Float64Array(sizeOf(shape)) };
}

/** The array whose element at each place is `element(place)`. The place is reused: read it, do not keep it. */
export function generate(shape: readonly number[], element: (place: readonly number[]) => number): DenseArray {
  const result = zeros(shape);
  const place = shape.map(() => 0);
  for (let i = 0; i < result.data.length; i++) {
    result.data[i] = element(place);
    advance(place, shape);
  }
  return result;
}

/** Calls `visit` with each place of the shape and its row-major offset. The place is reused. */
export function forEachPlace(
  shape: readonly number[],
  visit: (place: readonly number[], offset: number) => void,
): void {
  const place = shape.map(() => 0);
  const size = sizeOf(shape);
  for (let i = 0; i < size; i++) {
    visit(place, i);
    advance(place, shape);
  }
}

function advance(place: number[], shape: readonly number[]): void {
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    place[axis]!++;
    if (place[axis]! < shape[axis]!) return;
    place[axis] = 0;
  }
}

/** Row-major offset of a place. */
export function offsetOf(shape: readonly number[], place: readonly number[]): number {
  return shape.reduce((offset, size, axis) => offset * size + place[axis]!, 0);
}

/** The element at a place. */
export function at(array: DenseArray, ...place: readonly number[]): number {
  return array.data[offsetOf(array.shape, place)]!;
}

/**
 * The element that broadcasting puts at a place of a larger shape: leading axes that the array does not have
 * are ignored, axes of size 1 are repeated.
 */
export function atBroadcast(array: DenseArray, place: readonly number[]): number {
  const extra = place.length - array.shape.length;
  const offset = array.shape.reduce((sum, size, axis) => sum * size + (size === 1 ? 0 : place[extra + axis]!), 0);
  return array.data[offset]!;
}

/** NumPy's broadcasting rule for actual sizes. */
export function broadcastSizes(a: readonly number[], b: readonly number[]): number[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, i) => {
    const x = a[i - rank + a.length] ?? 1;
    const y = b[i - rank + b.length] ?? 1;
    if (x !== y && x !== 1 && y !== 1) throw new Error(`[${a.join(', ')}] and [${b.join(', ')}] do not broadcast`);
    return x === 1 ? y : x;
  });
}

/** The array as rows along its last axis: views, so that writing to a row writes to the array. */
export function rowsOf({ shape, data }: DenseArray): Float64Array[] {
  const length = shape.at(-1) ?? 1;
  const count = sizeOf(shape.slice(0, -1));
  return Array.from({ length: count }, (_, row) => data.subarray(row * length, (row + 1) * length));
}

export function sum(values: Iterable<number>): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}
