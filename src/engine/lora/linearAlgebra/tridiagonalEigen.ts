/** An iteration takes about 1.7 steps per eigenvalue; this many mean that the numbers are not finite. */
const mostSteps = 100;

/**
 * Eigenvalues of a symmetric tridiagonal matrix by the implicit QL method with Wilkinson's shift (Dubrulle, Martin
 * and Wilkinson, "The implicit QL algorithm", 1968; EISPACK's `imtql2`). `offDiagonal[i]` couples i and i + 1.
 * Every rotation is applied to `columns` as well: starting from the identity they become the eigenvectors, starting
 * from one row of it they become that row of the eigenvectors at a fraction of the cost.
 */
export function tridiagonalEigen(
  diagonal: readonly number[],
  offDiagonal: readonly number[],
  columns: readonly Float64Array[],
): Float64Array {
  const d = Float64Array.from(diagonal);
  const size = d.length;
  const e = Float64Array.from({ length: size }, (_, i) => (i + 1 < size ? offDiagonal[i]! : 0));
  const scale = d.reduce((most, value, i) => Math.max(most, Math.abs(value), Math.abs(e[i]!)), 0);
  const isSmall = (i: number): boolean =>
    Math.abs(e[i]!) <= Number.EPSILON * Math.max(Math.abs(d[i]!) + Math.abs(d[i + 1]!), Number.EPSILON * scale);

  for (let low = 0; low < size; low++) {
    for (let step = 0; ; step++) {
      let high = low;
      while (high < size - 1 && !isSmall(high)) high++;
      if (high === low) break;
      if (step === mostSteps) throw new Error('The eigenvalues of a matrix were not found: it has NaN or infinity');
      sweep(d, e, low, high, columns);
    }
  }
  return d;
}

/** One implicit QL step on the block low … high, from its lower end to its upper. */
function sweep(d: Float64Array, e: Float64Array, low: number, high: number, columns: readonly Float64Array[]): void {
  const ratio = (d[low + 1]! - d[low]!) / (2 * e[low]!);
  const root = Math.hypot(ratio, 1);
  let g = d[high]! - d[low]! + e[low]! / (ratio + (ratio >= 0 ? root : -root));
  let [sine, cosine, shift] = [1, 1, 0];
  for (let i = high - 1; i >= low; i--) {
    const f = sine * e[i]!;
    const b = cosine * e[i]!;
    const length = Math.hypot(f, g);
    e[i + 1] = length;
    if (length === 0) {
      // The block falls apart here; what is left is done by the next step.
      d[i + 1]! -= shift;
      e[high] = 0;
      return;
    }
    sine = f / length;
    cosine = g / length;
    g = d[i + 1]! - shift;
    const r = (d[i]! - g) * sine + 2 * cosine * b;
    shift = sine * r;
    d[i + 1] = g + shift;
    g = cosine * r - b;
    rotate(columns[i]!, columns[i + 1]!, cosine, sine);
  }
  d[low]! -= shift;
  e[low] = g;
  e[high] = 0;
}

function rotate(a: Float64Array, b: Float64Array, cosine: number, sine: number): void {
  for (let i = 0; i < a.length; i++) {
    const [x, y] = [a[i]!, b[i]!];
    b[i] = sine * x + cosine * y;
    a[i] = cosine * x - sine * y;
  }
}
