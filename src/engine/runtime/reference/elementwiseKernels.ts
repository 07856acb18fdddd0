import type { GeluApproximation } from '../../graph/types';
import { atBroadcast, broadcastSizes, generate } from './array';
import type { DenseArray } from './array';
import type { Kernels } from './kernel';

type ElementwiseOp =
  | 'add'
  | 'sub'
  | 'mul'
  | 'scale'
  | 'log'
  | 'tanh'
  | 'sigmoid'
  | 'silu'
  | 'siluGrad'
  | 'swiglu'
  | 'swigluGrad'
  | 'gelu'
  | 'geluGrad'
  | 'keep'
  | 'equal'
  | 'toFloat'
  | 'cast'
  | 'gate';

export const elementwiseKernels: Kernels<ElementwiseOp> = {
  add: binary((a, b) => a + b),
  sub: binary((a, b) => a - b),
  mul: binary((a, b) => a * b),
  scale: ([x], { factor }) => [map((value) => factor * value, x!)],
  log: unary(Math.log),
  tanh: unary(Math.tanh),
  sigmoid: unary(sigmoid),
  silu: unary(silu),
  siluGrad: ([x, dy]) => [map((value, slope) => slope * siluSlope(value), x!, dy!)],
  swiglu: ([gate, up]) => [map((g, u) => silu(g) * u, gate!, up!)],
  swigluGrad: ([gate, up, dy]) => [
    map((g, u, d) => d * u * siluSlope(g), gate!, up!, dy!),
    map((g, _, d) => d * silu(g), gate!, up!, dy!),
  ],
  gelu: ([x], { approximate }) => [map((value) => gelu(value, approximate), x!)],
  geluGrad: ([x, dy], { approximate }) => [map((value, d) => d * geluSlope(value, approximate), x!, dy!)],
  keep: ([x, mask]) => [map((value, kept) => (kept === 0 ? 0 : value), x!, mask!)],
  equal: binary((a, b) => Number(a === b)),
  toFloat: ([x]) => [x!],
  // What is kept of a result is rounded to its type.
  cast: ([x]) => [x!],
  gate: ([x]) => [x!],
};

function unary(f: (x: number) => number) {
  return ([x]: readonly DenseArray[]): readonly DenseArray[] => [map(f, x!)];
}

function binary(f: (a: number, b: number) => number) {
  return ([a, b]: readonly DenseArray[]): readonly DenseArray[] => [
    generate(broadcastSizes(a!.shape, b!.shape), (place) => f(atBroadcast(a!, place), atBroadcast(b!, place))),
  ];
}

/** Applies `f` to the elements at the same place of arrays of one shape. */
function map(f: (...values: number[]) => number, first: DenseArray, ...rest: readonly DenseArray[]): DenseArray {
  return {
    shape: first.shape,
    data: first.data.map((value, i) => f(value, ...rest.map((other) => other.data[i]!))),
  };
}

function sigmoid(x: number): number {
  return 1 / (1 + Math.exp(-x));
}

/** x·σ(x); where σ underflows the product is 0, also for x = -∞. */
function silu(x: number): number {
  const share = sigmoid(x);
  return share === 0 ? 0 : x * share;
}

/** d/dx x·σ(x) = σ(x)·(1 + x·(1 − σ(x))) */
function siluSlope(x: number): number {
  const share = sigmoid(x);
  return share * (1 + x * (1 - share));
}

/** x·Φ(x), or its approximation with tanh: Hendrycks and Gimpel, Gaussian Error Linear Units, 2016. */
function gelu(x: number, approximate: GeluApproximation): number {
  return approximate === 'none' ? x * normalCumulative(x) : 0.5 * x * (1 + Math.tanh(geluInner(x)));
}

function geluSlope(x: number, approximate: GeluApproximation): number {
  if (approximate === 'none') return normalCumulative(x) + x * normalDensity(x);
  const t = Math.tanh(geluInner(x));
  const innerSlope = Math.sqrt(2 / Math.PI) * (1 + 3 * 0.044715 * x * x);
  return 0.5 * (1 + t) + 0.5 * x * (1 - t * t) * innerSlope;
}

function geluInner(x: number): number {
  return Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3);
}

function normalDensity(x: number): number {
  return Math.exp(-0.5 * x * x) / Math.sqrt(2 * Math.PI);
}

function normalCumulative(x: number): number {
  return 0.5 * (1 + erf(x / Math.SQRT2));
}

/**
 * The error function by its series of positive terms, erf x = 2/√π · e^(−x²) · Σ 2ⁿ x^(2n+1) / (2n+1)!!
 * (Abramowitz and Stegun 7.1.6), to float64's rounding.
 */
function erf(x: number): number {
  // Beyond 6 it is ±1 in float64.
  if (Math.abs(x) > 6) return Math.sign(x);
  let term = x;
  let total = x;
  for (let n = 1; Math.abs(term) > Math.abs(total) * Number.EPSILON; n++) {
    term *= (2 * x * x) / (2 * n + 1);
    total += term;
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * total;
}
