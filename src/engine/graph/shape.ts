import type { Dim, Shape } from './types';

/** The product of dimensions: `factors(['B', 8, '3*T'])` is 24 and `['B', 'T']`. */
function factors(dims: Shape): { readonly size: number; readonly symbols: readonly string[] } {
  let size = 1;
  const symbols: string[] = [];
  for (const dim of dims) {
    if (typeof dim === 'number') size *= dim;
    else {
      for (const factor of dim.split('*')) {
        if (/^\d/.test(factor)) size *= Number(factor);
        else symbols.push(factor);
      }
    }
  }
  return { size, symbols: symbols.sort() };
}

/** The symbols in a shape. */
export function symbolsOf(shape: Shape): readonly string[] {
  return factors(shape).symbols;
}

/** A batch has at least one row and one position; any other symbol may be 0. */
export function isNeverEmpty(symbol: string): boolean {
  return symbol === 'B' || symbol === 'T';
}

/** `multiplyDims('T', 'B')` is `B*T`, `multiplyDims(3, 'T')` is `3*T`. */
export function multiplyDims(...dims: Dim[]): Dim {
  const { size, symbols } = factors(dims);
  if (symbols.length === 0) return size;
  return [...(size === 1 ? [] : [size]), ...symbols].join('*');
}

/** Whether two shapes hold the same number of elements, whatever the symbols will be. */
export function sameSize(a: Shape, b: Shape): boolean {
  const [x, y] = [factors(a), factors(b)];
  return x.size === y.size && x.symbols.join('*') === y.symbols.join('*');
}

export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((dim, i) => dim === b[i]);
}

/** Number of elements where no dimension is a symbol, else `undefined`. */
export function staticSize(shape: Shape): number | undefined {
  const { size, symbols } = factors(shape);
  return symbols.length === 0 ? size : undefined;
}

/** NumPy's broadcasting rule. Throws where the shapes do not fit. */
export function broadcast(a: Shape, b: Shape): Shape {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, i) => {
    const x = a[i - rank + a.length] ?? 1;
    const y = b[i - rank + b.length] ?? 1;
    if (x === y || y === 1) return x;
    if (x === 1) return y;
    throw new Error(`Shapes ${showShape(a)} and ${showShape(b)} do not broadcast`);
  });
}

export function showShape(shape: Shape): string {
  return `[${shape.join(', ')}]`;
}

/** Replaces symbols by the sizes they have in this run. */
export function bindShape(shape: Shape, symbols: ReadonlyMap<string, number>): number[] {
  return shape.map((dim) => {
    if (typeof dim === 'number') return dim;
    const product = factors([dim]);
    return product.symbols.reduce((size, symbol) => {
      const bound = symbols.get(symbol);
      if (bound === undefined) throw new Error(`No input gives the size of ${symbol}`);
      return size * bound;
    }, product.size);
  });
}

/** Reads the sizes of the symbols off actual input shapes. Throws where an input contradicts its declared shape. */
export function bindSymbols(
  declared: Iterable<{ readonly name: string; readonly shape: Shape; readonly actual: readonly number[] }>,
): Map<string, number> {
  const symbols = new Map<string, number>();
  for (const { name, shape, actual } of declared) {
    const fits =
      shape.length === actual.length &&
      shape.every((dim, i) => {
        const size = actual[i]!;
        if (typeof dim === 'number') return dim === size;
        if (dim.includes('*')) return true;
        if (size === 0 && isNeverEmpty(dim)) return false;
        const known = symbols.get(dim);
        if (known === undefined) symbols.set(dim, size);
        return known === undefined || known === size;
      });
    if (!fits) throw new Error(`Input ${name} has shape ${showShape(actual)}, expected ${showShape(shape)}`);
  }
  return symbols;
}
