import { halfFormats } from '../../formats/halfPrecision';
import type { Graph, Node, Op, Shape, Value } from '../../graph/types';
import type { WeightSource } from '../runtime';
import { lowerings } from './lowerings';
import type { Lowering } from './lowering';
import type { Provider } from './providers';
import { elementType } from './proto';
import type { ElementType, OnnxAttribute, OnnxInitializer, OnnxModel, OnnxNode, OnnxValue } from './proto';
import { accumulatingAdds } from './accumulate';
import { productsInPlace } from './blocksInPlace';
import { nothingPacked, packedProducts } from './packedWeights';

/** A result of the graph may have the name of an input, which ONNX does not allow. */
export function outputName(name: string): string {
  return `result ${name}`;
}

/** Writes one graph as an ONNX model, node by node. */
export class Emitter {
  readonly #nodes: OnnxNode[] = [];
  readonly #inputs: OnnxValue[] = [];
  readonly #values: OnnxValue[] = [];
  readonly #initializers: OnnxInitializer[] = [];
  readonly #constants = new Map<string, string>();
  readonly #sizes = new Map<string, string>();
  readonly #shapes = new Map<string, string>();
  readonly #zeros = new Map<Value, string>();
  readonly #names = new Map<Value, string>();
  readonly #normStatistics = new Map<string, readonly string[]>();
  readonly #shared = new Set<string>();
  readonly #once = new Map<string, string>();
  #next = 0;

  constructor(
    readonly graph: Graph,
    readonly weights: WeightSource,
    /** What will run it. */
    readonly provider: Provider,
  ) {}

  emit(): OnnxModel {
    const { readsBlocks } = this.provider;
    const inPlace = readsBlocks ? productsInPlace(this.graph, this.weights) : nothingPacked;
    const fused = accumulatingAdds(this.graph, inPlace.products);
    const packed = readsBlocks ? packedProducts(this.graph, this.weights, fused.absorbed) : nothingPacked;
    const products = new Map([...inPlace.products, ...packed.products]);
    for (const node of this.graph.nodes) {
      if ([fused, inPlace, packed].some(({ absorbed }) => absorbed.has(node))) continue;
      node.outputs.forEach((value, i) => this.#names.set(value, this.#resultName(node, value, i)));
      const addition = fused.additions.get(node);
      if (addition !== undefined) this.#accumulate(node, addition.product, addition.addend);
      else if (products.has(node)) products.get(node)!(this);
      else (lowerings[node.op] as Lowering<Op>)(this, node);
    }
    for (const [name, value] of this.graph.outputs) {
      this.node('Identity', [this.name(value)], {}, { output: outputName(name) });
    }
    return {
      nodes: this.#nodes,
      inputs: this.#inputs,
      outputs: [...this.graph.outputs].map(([name, value]) => ({
        name: outputName(name),
        type: value.dtype,
        shape: value.shape,
      })),
      values: this.#values,
      initializers: this.#initializers,
    };
  }

  #resultName(node: Node, value: Value, index: number): string {
    if (node.op === 'input') return node.attributes.name;
    if (node.op === 'weight') return node.attributes.name;
    const name = `${node.op}_${node.id}${node.outputs.length > 1 ? `_${index}` : ''}`;
    this.#values.push({ name, type: value.dtype, shape: value.shape });
    return name;
  }

  /** add(matmul(a, b), c) in one operator: Gemm starts from c. */
  #accumulate(node: Node, product: Node<'matmul'>, addend: Value): void {
    const { transposeA, transposeB, alpha } = product.attributes;
    const [a, b] = product.inputs.map((input) => this.name(input));
    this.node(
      'Gemm',
      [a!, b!, this.name(addend)],
      { transA: Number(transposeA), transB: Number(transposeB), alpha: { float: alpha } },
      { output: this.name(node.outputs[0]!) },
    );
  }

  /** The ONNX name of a value of the graph. */
  name(value: Value): string {
    const name = this.#names.get(value);
    if (name === undefined) throw new Error(`Value ${value.id} of ${value.node.op} has not been emitted`);
    return name;
  }

  fresh(hint: string): string {
    return `${hint}_t${this.#next++}`;
  }

  /** Adds an operator and gives the name of its (first) result. */
  node(
    op: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, OnnxAttribute>> = {},
    options: { readonly domain?: string; readonly output?: string; readonly outputs?: readonly string[] } = {},
  ): string {
    const outputs = options.outputs ?? [options.output ?? this.fresh(op)];
    this.#nodes.push({ op, domain: options.domain ?? '', name: outputs[0]!, inputs, outputs, attributes });
    return outputs[0]!;
  }

  input(value: OnnxValue): void {
    this.#inputs.push(value);
  }

  initializer(initializer: OnnxInitializer): string {
    this.#initializers.push(initializer);
    return initializer.name;
  }

  /** What `add` describes under a name of its own, added once however often it is used. */
  shared(name: string, add: () => Omit<OnnxInitializer, 'name'>): string {
    if (!this.#shared.has(name)) this.initializer({ name, ...add() });
    this.#shared.add(name);
    return name;
  }

  /** A small constant, stored once however often it is used. */
  constant(type: ElementType, data: readonly number[] | number): string {
    const values = typeof data === 'number' ? [data] : data;
    const shape = typeof data === 'number' ? [] : [data.length];
    const key = `${type} ${shape.length} ${values.join(',')}`;
    let name = this.#constants.get(key);
    if (name === undefined) {
      name = this.initializer({ name: this.fresh('constant'), type, shape, data: bytesOf(type, values) });
      this.#constants.set(key, name);
    }
    return name;
  }

  /** Adds a Reshape; `from` is the shape of the input. */
  reshape(input: string, from: Shape, shape: Shape, output = this.fresh('Reshape')): string {
    const copied = shape.filter((dim, i) => typeof dim === 'string' && from[i] === dim).length;
    const unknown = shape.filter((dim) => typeof dim === 'string').length - copied;
    // Sizes that stand at the same place in `from` (written 0), or one that follows from the others (written -1),
    // need no computation. A size may turn out to be 0, from which nothing follows.
    const known = !shape.includes(0) && (unknown === 0 || (unknown === 1 && copied === 0));
    const target = known
      ? this.constant(
          'i64',
          shape.map((dim, i) => (typeof dim === 'number' ? dim : from[i] === dim ? 0 : -1)),
        )
      : this.shape(shape);
    return this.node('Reshape', [input, target], { allowzero: known ? 0 : 1 }, { output });
  }

  /**
   * x, not before `after` is there: a Reshape to its own shape, to which a zero is added that takes `after` to compute.
   * Nothing is copied.
   */
  gate(x: string, shape: Shape, after: Value, output = this.fresh('gate')): string {
    const target = this.node('Add', [this.shape(shape), this.#zeroAfter(after)]);
    return this.node('Reshape', [x, target], { allowzero: 1 }, { output });
  }

  /** 0 as an i64 tensor [1]. */
  #zeroAfter(after: Value): string {
    let name = this.#zeros.get(after);
    if (name === undefined) {
      const axis = after.shape.findIndex((dim) => typeof dim === 'string');
      // A size that is known beforehand would be folded into a constant; then a value has to be looked at.
      const number =
        axis >= 0 ? this.node('Shape', [this.name(after)], { start: axis, end: axis + 1 }) : this.#flag(after);
      name = this.node('Mul', [number, this.constant('i64', [0])]);
      this.#zeros.set(after, name);
    }
    return name;
  }

  /** Some number of `after`'s as an i64 tensor [1]. By way of a truth value: infinity has no whole number. */
  #flag(after: Value): string {
    const flat = this.node('Reshape', [this.name(after), this.constant('i64', [-1])]);
    const range = [0, 1, 0].map((entry) => this.constant('i64', [entry]));
    const first = this.node('Cast', [this.node('Slice', [flat, ...range])], { to: elementType.bool });
    return this.node('ReduceSum', [this.node('Cast', [first], { to: elementType.i64 }), this.constant('i64', [0])]);
  }

  /** The sizes of a shape as an i64 tensor, read off the graph's inputs when it runs. */
  shape(shape: Shape): string {
    const sizes = shape.filter((dim) => typeof dim === 'number');
    if (sizes.length === shape.length) return this.constant('i64', sizes);
    const key = shape.join(',');
    let name = this.#shapes.get(key);
    if (name === undefined) {
      name = this.node(
        'Concat',
        shape.map((dim) => (typeof dim === 'number' ? this.constant('i64', [dim]) : this.#size(dim))),
        { axis: 0 },
      );
      this.#shapes.set(key, name);
    }
    return name;
  }

  /** The size of a symbol or product of symbols as an i64 tensor [1]. */
  #size(dim: string): string {
    let name = this.#sizes.get(dim);
    if (name === undefined) {
      const sizes = dim.split('*').map((factor) => {
        return /^\d/.test(factor) ? this.constant('i64', [Number(factor)]) : this.#symbolSize(factor);
      });
      name = sizes.reduce((product, size) => this.node('Mul', [product, size]));
      this.#sizes.set(dim, name);
    }
    return name;
  }

  #symbolSize(symbol: string): string {
    const known = this.#sizes.get(symbol);
    if (known !== undefined) return known;
    // Also inputs whose node comes later in the graph: they are there before the first operator runs.
    for (const node of this.graph.nodes) {
      const axis = node.op === 'input' ? node.attributes.shape.indexOf(symbol) : -1;
      if (node.op !== 'input' || axis < 0) continue;
      const name = this.node('Shape', [node.attributes.name], { start: axis, end: axis + 1 });
      this.#sizes.set(symbol, name);
      return name;
    }
    throw new Error(`No input gives the size of ${symbol}`);
  }

  /** What several nodes need (such as a mask for all layers), computed where it is first asked for. */
  once(key: string, compute: () => string): string {
    let name = this.#once.get(key);
    if (name === undefined) this.#once.set(key, (name = compute()));
    return name;
  }

  /** Statistics (such as 1/σ) that the forward norm of the same input has already computed. */
  normStatistics(
    kind: 'rms' | 'layer',
    x: Value,
    epsilon: number,
    compute: () => readonly string[],
  ): readonly string[] {
    const key = `${kind} ${x.id} ${epsilon}`;
    let names = this.#normStatistics.get(key);
    if (names === undefined) {
      names = compute();
      this.#normStatistics.set(key, names);
    }
    return names;
  }
}

function bytesOf(type: ElementType, values: readonly number[]): Uint8Array {
  const array =
    type === 'f32'
      ? Float32Array.from(values)
      : type === 'f16' || type === 'bf16'
        ? halfFormats[type].narrow(Float32Array.from(values))
        : type === 'i64'
          ? BigInt64Array.from(values, (value) => BigInt(value))
          : type === 'i32'
            ? Int32Array.from(values)
            : Uint8Array.from(values);
  return new Uint8Array(array.buffer);
}
