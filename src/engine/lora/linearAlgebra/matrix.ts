/** A matrix over stored numbers, row-major, or the transpose of one without a copy. Sums are in double precision. */
export class Matrix {
  constructor(
    readonly rows: number,
    readonly columns: number,
    /** [rows, columns], or [columns, rows] of a transpose. */
    readonly data: Float32Array,
    readonly isTransposed = false,
  ) {
    if (data.length !== rows * columns) throw new Error(`${data.length} numbers are no ${rows} × ${columns} matrix`);
  }

  static fromRows(rows: readonly Float64Array[]): Matrix {
    const columns = rows[0]?.length ?? 0;
    const data = new Float32Array(rows.length * columns);
    rows.forEach((row, i) => data.set(row, i * columns));
    return new Matrix(rows.length, columns, data);
  }

  transposed(): Matrix {
    return new Matrix(this.columns, this.rows, this.data, !this.isTransposed);
  }

  column(j: number): Float64Array {
    const { rows, columns, data, isTransposed } = this;
    return Float64Array.from({ length: rows }, (_, i) => data[isTransposed ? j * rows + i : i * columns + j]!);
  }

  /** M x */
  multiply(x: Float64Array): Float64Array {
    return this.isTransposed ? this.#combineRows(x, this.rows) : this.#multiplyRows(x, this.columns);
  }

  /** Mᵀ x */
  multiplyTransposed(x: Float64Array): Float64Array {
    return this.isTransposed ? this.#multiplyRows(x, this.rows) : this.#combineRows(x, this.columns);
  }

  /** Sum of squares of all entries: the sum of the squared singular values. */
  sumOfSquares(): number {
    let sum = 0;
    for (const value of this.data) sum += value * value;
    return sum;
  }

  /** Each stored row times x; four sums at a time, as a single one waits for every addition. */
  #multiplyRows(x: Float64Array, width: number): Float64Array {
    const { data } = this;
    const result = new Float64Array(data.length / width);
    for (let row = 0, at = 0; row < result.length; row++) {
      let [s0, s1, s2, s3] = [0, 0, 0, 0];
      let i = 0;
      for (; i + 3 < width; i += 4, at += 4) {
        s0 += data[at]! * x[i]!;
        s1 += data[at + 1]! * x[i + 1]!;
        s2 += data[at + 2]! * x[i + 2]!;
        s3 += data[at + 3]! * x[i + 3]!;
      }
      for (; i < width; i++, at++) s0 += data[at]! * x[i]!;
      result[row] = s0 + s1 + (s2 + s3);
    }
    return result;
  }

  /** The sum of the stored rows, each times its entry of x. */
  #combineRows(x: Float64Array, width: number): Float64Array {
    const { data } = this;
    const result = new Float64Array(width);
    for (let row = 0, at = 0; row < x.length; row++) {
      const factor = x[row]!;
      for (let i = 0; i < width; i++, at++) result[i]! += factor * data[at]!;
    }
    return result;
  }
}
