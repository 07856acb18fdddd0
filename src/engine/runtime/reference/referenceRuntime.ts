/* eslint-disable @typescript-eslint/require-await -- the interface is asynchronous, these kernels are not */
import { halfFormats } from '../../formats/halfPrecision';
import { bindShape } from '../../graph/shape';
import { isHalfDtype } from '../../graph/types';
import type { Graph, Node, Op, Value, ValueDtype } from '../../graph/types';
import { verify } from '../../graph/verify';
import { bindInputs } from '../bindInputs';
import type { Executable, Runtime, Tensor, Tensors, WeightSource } from '../runtime';
import { sizeOf } from './array';
import type { DenseArray } from './array';
import type { Kernel, KernelContext } from './kernel';
import { kernels } from './kernels';
import { readWeight } from '../weightValues';

export interface ReferenceOptions {
  /**
   * How values are stored between ops: rounded to float32 (those in half precision to that), as a device would, or kept in
   * float64, which finite differences need. Each op computes in float64 either way.
   */
  readonly precision: 'f32' | 'f64';
}

export type DenseArrays = Readonly<Record<string, DenseArray>>;

/** Runs graphs in plain TypeScript, slowly and obviously: the oracle for the other runtimes. */
export class ReferenceRuntime implements Runtime {
  readonly name = 'reference';
  readonly device = 'cpu';
  constructor(private readonly options: ReferenceOptions = { precision: 'f32' }) {}

  async compile(graph: Graph, weights: WeightSource): Promise<ReferenceExecutable> {
    verify(graph, 'compile');
    const values = new Map<string, DenseArray>();
    for (const node of graph.nodes) {
      if (node.op !== 'weight' && node.op !== 'unpack') continue;
      const { name, shape } = node.attributes;
      if (values.has(name)) continue;
      values.set(name, sized(name, bindShape(shape, new Map()), Float64Array.from(readWeight(weights(name)))));
    }
    return new ReferenceExecutable(graph, values, this.options);
  }
}

export class ReferenceExecutable implements Executable {
  #disposed = false;

  constructor(
    private readonly graph: Graph,
    private readonly weights: ReadonlyMap<string, DenseArray>,
    private readonly options: ReferenceOptions,
  ) {}

  async run(inputs: Tensors): Promise<Tensors> {
    const symbols = bindInputs(this.graph, inputs);
    const given = Object.entries(inputs).map(([name, { shape, data }]) => {
      return [name, sized(name, shape, Float64Array.from(data))] as const;
    });
    const results = this.#evaluate(Object.fromEntries(given), symbols);
    return Object.fromEntries(
      [...this.graph.outputs].map(([name, value]) => [name, toTensor(value.dtype, results[name]!)]),
    );
  }

  /** Like `run`, with float64 numbers, which precision `f64` never rounds. Inputs are taken for the declared types. */
  async runDense(inputs: DenseArrays): Promise<DenseArrays> {
    const typed = this.graph.nodes.flatMap((node) => {
      const given = node.op === 'input' ? inputs[node.attributes.name] : undefined;
      return node.op !== 'input' || given === undefined
        ? []
        : [[node.attributes.name, { dtype: node.attributes.dtype, shape: given.shape }] as const];
    });
    return this.#evaluate(inputs, bindInputs(this.graph, Object.fromEntries(typed)));
  }

  #evaluate(inputs: DenseArrays, symbols: ReadonlyMap<string, number>): DenseArrays {
    if (this.#disposed) throw new Error('The executable was disposed');
    const context: KernelContext = {
      input: (name) => inputs[name]!,
      weight: (name) => this.weights.get(name)!,
      bind: (shape) => bindShape(shape, symbols),
    };
    const values = new Map<Value, DenseArray>();
    for (const node of this.graph.nodes) {
      const kernel = kernels[node.op] as Kernel<Op>;
      const arguments_ = node.inputs.map((input) => values.get(input)!);
      const results = kernel(arguments_, node.attributes, context);
      node.outputs.forEach((value, i) => values.set(value, this.#store(node, value, results[i]!, context)));
    }
    // Copies: an output may be an input, a weight or another output, and results belong to the caller.
    const outputs = [...this.graph.outputs].map(([name, value]) => {
      const { shape, data } = values.get(value)!;
      return [name, { shape, data: data.slice() }] as const;
    });
    return Object.fromEntries(outputs);
  }

  async dispose(): Promise<void> {
    this.#disposed = true;
  }

  /** The result as it is kept for later ops; a kernel that breaks its shape rule is found here. */
  #store(node: Node, value: Value, result: DenseArray, { bind }: KernelContext): DenseArray {
    const expected = bind(value.shape);
    if (expected.join() !== result.shape.join() || result.data.length !== sizeOf(expected)) {
      throw new Error(`${node.op} gave [${result.shape.join(', ')}] instead of [${expected.join(', ')}]`);
    }
    if (this.options.precision === 'f64') return result;
    if (isHalfDtype(value.dtype)) {
      const { narrow, widen } = halfFormats[value.dtype];
      const singles = Float32Array.from(result.data);
      return { shape: result.shape, data: Float64Array.from(widen(narrow(singles), singles)) };
    }
    if (value.dtype !== 'f32') return result;
    return { shape: result.shape, data: result.data.map((number) => Math.fround(number)) };
  }
}

function sized(name: string, shape: readonly number[], data: Float64Array): DenseArray {
  if (data.length !== sizeOf(shape)) {
    throw new Error(`${name} has ${data.length} values, expected ${sizeOf(shape)} for [${shape.join(', ')}]`);
  }
  return { shape, data };
}

function toTensor(dtype: ValueDtype, { shape, data }: DenseArray): Tensor {
  switch (dtype) {
    case 'f32':
      return { dtype, shape, data: Float32Array.from(data) };
    case 'i32':
      return { dtype, shape, data: Int32Array.from(data) };
    case 'bool':
      return { dtype, shape, data: Uint8Array.from(data) };
    case 'f16':
    case 'bf16':
      throw new Error(`No graph gives ${dtype}`);
  }
}
