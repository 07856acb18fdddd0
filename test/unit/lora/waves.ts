/** The matrix without structure that test/parity/loraFixtures.py computes as well. */
export function waves(rows: number, columns: number): Float32Array {
  return Float32Array.from({ length: rows * columns }, (_, at) => {
    const [i, j] = [Math.floor(at / columns), at % columns];
    return Math.sin(1 + 7.13 * i + 3.77 * j + 0.9 * i * j);
  });
}
