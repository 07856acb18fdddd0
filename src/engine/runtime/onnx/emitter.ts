import type { Graph, Node, Op, Shape, Value } from '../../graph/types';
import type { WeightSource } from '../runtime';
import { lowerings } from './lowerings';
import type { Lowering } from './lowering';
import type { ElementType, OnnxAttribute, OnnxInitializer, OnnxModel, OnnxNode, OnnxValue } from './proto';
import { accumulatingAdds } from './accumulate';

/** Writes one graph as an ONNX model, node by node. */
export class Emitter {
  readonly #nodes: OnnxNode[] = [];
  readonly #inputs: OnnxValue[] = [];
  readonly #values: OnnxValue[] = [];
  readonly #initializers: OnnxInitializer[] = [];
  readonly #constants = new Map<string, string>();
  readonly #sizes = new Map<string, string>();
  readonly #names = new Map<Value, string>();
  readonly #normStatistics = new Map<string, readonly string[]>();
  #next = 0;

  constructor(
    readonly graph: Graph,
    readonly weights: WeightSource,
  ) {}

  emit(): OnnxModel {
    const outputs = new Map([...this.graph.outputs].map(([name, value]) => [value, name]));
    const fused = accumulatingAdds(this.graph);
    for (const node of this.graph.nodes) {
      if (fused.absorbed.has(node)) continue;
      node.outputs.forEach((value, i) => this.#names.set(value, this.#resultName(node, value, i)));
      const addition = fused.additions.get(node);
      if (addition !== undefined) this.#accumulate(node, addition.product, addition.addend);
      else (lowerings[node.op] as Lowering<Op>)(this, node as never);
    }
    for (const [value, name] of outputs) this.node('Identity', [this.name(value)], {}, { output: name });
    return {
      nodes: this.#nodes,
      inputs: this.#inputs,
      outputs: [...outputs].map(([value, name]) => ({ name, type: value.dtype, shape: value.shape })),
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

  /**
   * A shape for Reshape and Expand. Sizes that stand at the same place in `from`, and one that follows from the
   * others, need no computation; the rest is read off the graph's inputs when it runs.
   */
  shape(shape: Shape, from: Shape | undefined): string {
    let unknown = 0;
    const entries = shape.map((dim, i) => {
      if (typeof dim === 'number') return dim;
      if (from !== undefined && from[i] === dim) return 0;
      unknown++;
      return -1;
    });
    if (from !== undefined && unknown <= 1) return this.constant('i64', entries);
    const key = shape.join(',');
    let name = this.#sizes.get(key);
    if (name === undefined) {
      name = this.node(
        'Concat',
        shape.map((dim) => (typeof dim === 'number' ? this.constant('i64', [dim]) : this.#size(dim))),
        { axis: 0 },
      );
      this.#sizes.set(key, name);
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
    for (const input of this.#inputs) {
      const axis = input.shape.indexOf(symbol);
      if (axis < 0) continue;
      const name = this.node('Shape', [input.name], { start: axis, end: axis + 1 });
      this.#sizes.set(symbol, name);
      return name;
    }
    throw new Error(`No input gives the size of ${symbol}`);
  }

  /** Statistics (such as 1/σ) that the forward norm of the same inputs has already computed. */
  normStatistics(inputs: readonly Value[], epsilon: number, compute: () => readonly string[]): readonly string[] {
    const key = `${inputs.map((input) => input.id).join(',')} ${epsilon}`;
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
      : type === 'i64'
        ? BigInt64Array.from(values, (value) => BigInt(value))
        : type === 'i32'
          ? Int32Array.from(values)
          : Uint8Array.from(values);
  return new Uint8Array(array.buffer);
}
