import { dot, norm } from './vectors';

/**
 * The thin Q of a QR decomposition by Householder reflections (Golub and Van Loan, "Matrix Computations", 5.2),
 * column by column. Signs are LAPACK's (`geqrf`, and so PyTorch's): the diagonal of R has the sign opposite to the
 * entry that each reflection meets. Columns may depend on each other; Q is orthonormal all the same.
 */
export function orthonormalColumns(columns: readonly Float64Array[]): Float64Array[] {
  const work = columns.map((column) => column.slice());
  const reflections = work.map((column, k) => {
    const reflection = reflectionFor(column.subarray(k));
    for (const later of work.slice(k + 1)) reflect(later.subarray(k), reflection);
    return reflection;
  });
  const q = columns.map((column, k) => {
    const unit = new Float64Array(column.length);
    unit[k] = 1;
    return unit;
  });
  for (let k = q.length - 1; k >= 0; k--) {
    for (const column of q.slice(k)) reflect(column.subarray(k), reflections[k]);
  }
  return q;
}

/** H = I − tau · v vᵀ, or the identity. */
type Reflection = { readonly v: Float64Array; readonly tau: number } | undefined;

/** The reflection that turns x into a multiple of the first unit vector. */
function reflectionFor(x: Float64Array): Reflection {
  const first = x[0]!;
  const rest = norm(x.subarray(1));
  if (rest === 0) return undefined;
  const target = first >= 0 ? -Math.hypot(first, rest) : Math.hypot(first, rest);
  const v = x.map((value) => value / (first - target));
  v[0] = 1;
  return { v, tau: (target - first) / target };
}

function reflect(x: Float64Array, reflection: Reflection): void {
  if (reflection === undefined) return;
  const factor = reflection.tau * dot(reflection.v, x);
  for (let i = 0; i < x.length; i++) x[i]! -= factor * reflection.v[i]!;
}
