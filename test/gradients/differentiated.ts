import assert from 'node:assert/strict';
import { gradients } from '../../src/engine/autodiff/gradients';
import { GraphBuilder } from '../../src/engine/graph/builder';
import { bindShape } from '../../src/engine/graph/shape';
import type { Graph, Value } from '../../src/engine/graph/types';
import { verify } from '../../src/engine/graph/verify';
import type { DenseArray } from '../../src/engine/runtime/reference/array';
import { generate } from '../../src/engine/runtime/reference/array';
import { ReferenceRuntime } from '../../src/engine/runtime/reference/referenceRuntime';
import type { Operand } from '../conformance/operand';
import { RandomNumbers } from '../conformance/randomNumbers';
import type { Sizes } from '../conformance/program';

export type Operands = Readonly<Record<string, Operand>>;
export type Values = Readonly<Record<string, Value>>;
export type Arrays = Readonly<Record<string, DenseArray>>;

/** A function from operands to one value, as graphs of its own and with its gradients. */
export interface Differentiable {
  readonly name: string;
  readonly operands: Operands;
  /** The names of the operands that are differentiated. */
  readonly parameters: readonly string[];
  readonly sizes: Sizes;
  readonly build: (b: GraphBuilder, operands: Values) => Value;
}

/** The graph with result `y` alone. */
export function forward(f: Differentiable): Graph {
  const b = new GraphBuilder();
  return verify(b.finish({ y: f.build(b, leaves(b, f)) }), 'build');
}

/** Result `y`, and the gradient of Σ seed∘y with respect to each of `parameters`, under their names. */
export function withGradients(f: Differentiable, parameters = f.parameters): Graph {
  const b = new GraphBuilder();
  const operands = leaves(b, f);
  const y = f.build(b, operands);
  const found = gradients(
    b,
    new Map([[y, b.input('seed', 'f32', y.shape)]]),
    parameters.map((name) => operands[name]!),
  );
  const named = parameters.map((name, i) => {
    assert.ok(found[i], `${name} has no gradient`);
    return [name, found[i]] as const;
  });
  return verify(b.finish({ y, ...Object.fromEntries(named) }), 'gradients');
}

function leaves(b: GraphBuilder, f: Differentiable): Values {
  const named = Object.entries(f.operands).map(([name, { source, dtype, shape }]) => {
    const known = source === 'constant' ? dense(f, name) : undefined;
    return [name, known ? b.constant(known.data, known.shape, dtype) : b.input(name, dtype, shape)] as const;
  });
  return Object.fromEntries(named);
}

/** The numbers of an operand. */
export function dense(f: Differentiable, name: string): DenseArray {
  const { shape, fill } = f.operands[name]!;
  const sizes = bound(shape, f.sizes);
  return { shape: sizes, data: Float64Array.from(fill(new RandomNumbers(`${f.name} ${name}`), sizes)) };
}

/** The numbers of all operands that are not constants. */
export function denseInputs(f: Differentiable): Arrays {
  const given = Object.entries(f.operands).filter(([, operand]) => operand.source !== 'constant');
  return Object.fromEntries(given.map(([name]) => [name, dense(f, name)]));
}

/** Random numbers to weigh the elements of the result with. */
export function seed(f: Differentiable): DenseArray {
  const random = new RandomNumbers(`${f.name} seed`);
  return generate(bound(forward(f).outputs.get('y')!.shape, f.sizes), () => random.normal());
}

export async function evaluate(graph: Graph, inputs: Arrays): Promise<Arrays> {
  const executable = await new ReferenceRuntime({ precision: 'f64' }).compile(graph, noWeights);
  return executable.runDense(inputs);
}

function noWeights(name: string): never {
  throw new Error(`${name} should be an input`);
}

function bound(shape: Operand['shape'], sizes: Sizes): number[] {
  return bindShape(shape, new Map(Object.entries(sizes)));
}
