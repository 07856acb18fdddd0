import { multiplyDims } from './shape';
import { inferTypes } from './shapeRules';
import type {
  Attributes,
  Dim,
  Dtype,
  FloatDtype,
  GeluApproximation,
  Graph,
  Node,
  Op,
  Origin,
  Shape,
  TensorType,
  Value,
} from './types';

/**
 * Builds a graph node by node. Types are inferred at once, and a node equal to an earlier one is that
 * earlier one, so that no product is computed twice by accident.
 */
export class GraphBuilder {
  readonly #nodes: Node[] = [];
  readonly #known = new Map<string, Node>();
  #nextValue = 0;
  #origin: Origin = { scope: '', block: undefined, phase: 'forward' };

  /** The nodes so far, in the order in which they were made. */
  get nodes(): readonly Node[] {
    return this.#nodes;
  }

  /** Runs `build` with another origin for the nodes that it makes. */
  within<R>(origin: Partial<Origin>, build: () => R): R {
    const outer = this.#origin;
    const { scope = outer.scope, phase = outer.phase } = origin;
    this.#origin = { scope, phase, block: 'block' in origin ? origin.block : outer.block };
    try {
      return build();
    } finally {
      this.#origin = outer;
    }
  }

  /** Adds a node, or finds the equal one. Throws where the inputs do not fit the op. */
  node<K extends Op>(op: K, attributes: Attributes[K], ...inputs: Value[]): Node<K> {
    const key = keyOf(op, attributes, inputs);
    const known = this.#known.get(key);
    if (known !== undefined) return known as Node<K>;
    const outputs: Value[] = [];
    const node = { id: this.#nodes.length, op, attributes, inputs, outputs, ...this.#origin } as unknown as Node;
    for (const type of this.#infer(op, attributes, inputs)) {
      outputs.push({ id: this.#nextValue++, dtype: type.dtype, shape: type.shape, node });
    }
    this.#nodes.push(node);
    this.#known.set(key, node);
    return node as Node<K>;
  }

  #infer(op: Op, attributes: Attributes[Op], inputs: readonly Value[]): readonly TensorType[] {
    try {
      return inferTypes(op, attributes, inputs);
    } catch (error) {
      const where = this.#origin.scope === '' ? op : `${op} in ${this.#origin.scope}`;
      throw new Error(`${where}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
    }
  }

  /** Adds a node with a single result. */
  op<K extends Op>(op: K, attributes: Attributes[K], ...inputs: Value[]): Value {
    return this.node(op, attributes, ...inputs).outputs[0]!;
  }

  /** The program that computes `outputs`, without what they do not need. */
  finish(outputs: Readonly<Record<string, Value>>): Graph {
    const needed = new Set<Node>();
    const pending = Object.values(outputs).map((value) => value.node);
    for (let node = pending.pop(); node !== undefined; node = pending.pop()) {
      if (needed.has(node)) continue;
      needed.add(node);
      for (const input of node.inputs) pending.push(input.node);
    }
    return {
      nodes: this.#nodes.filter((node) => needed.has(node)),
      outputs: new Map(Object.entries(outputs)),
    };
  }

  input(name: string, dtype: Dtype, shape: Shape): Value {
    return this.op('input', { name, dtype, shape });
  }
  weight(name: string, shape: Shape): Value {
    return this.op('weight', { name, shape });
  }
  constant(data: ArrayLike<number>, shape: readonly number[] = [], dtype: Dtype = 'f32'): Value {
    return this.op('constant', { dtype, shape, data });
  }
  scalar(value: number): Value {
    return this.constant([value]);
  }

  add(a: Value, b: Value): Value {
    return this.op('add', {}, a, b);
  }
  sub(a: Value, b: Value): Value {
    return this.op('sub', {}, a, b);
  }
  /** a · b; a factor that is the constant 1 disappears. */
  mul(a: Value, b: Value): Value {
    if (isOne(b)) return a;
    if (isOne(a)) return b;
    return this.op('mul', {}, a, b);
  }
  scale(x: Value, factor: number): Value {
    return factor === 1 ? x : this.op('scale', { factor }, x);
  }
  matmul(a: Value, b: Value, options: { transposeA?: boolean; transposeB?: boolean; alpha?: number } = {}): Value {
    const { transposeA = false, transposeB = false, alpha = 1 } = options;
    return this.op('matmul', { transposeA, transposeB, alpha }, a, b);
  }
  transpose(x: Value, permutation: readonly number[]): Value {
    return this.op('transpose', { permutation }, x);
  }
  reshape(x: Value, shape: Shape): Value {
    const same = shape.length === x.shape.length && shape.every((dim, i) => dim === x.shape[i]);
    return same ? x : this.op('reshape', { shape }, x);
  }
  /** [a, b, ..., d] → [a·b·…, d] */
  flatten(x: Value): Value {
    return this.reshape(x, [multiplyDims(...x.shape.slice(0, -1)), x.shape.at(-1)!]);
  }
  expand(x: Value, shape: Shape): Value {
    return this.op('expand', { shape }, x);
  }
  reduceSum(x: Value, axes: readonly number[], keepDims = false): Value {
    return axes.length === 0 ? x : this.op('reduceSum', { axes, keepDims }, x);
  }
  reduceMax(x: Value, axes: readonly number[], keepDims = false): Value {
    return this.op('reduceMax', { axes, keepDims }, x);
  }
  slice(x: Value, axis: number, start: number, end: number): Value {
    return this.op('slice', { axis, start, end }, x);
  }
  gather(table: Value, indices: Value): Value {
    return this.op('gather', {}, table, indices);
  }
  softmax(x: Value): Value {
    return this.op('softmax', {}, x);
  }
  gelu(x: Value, approximate: GeluApproximation): Value {
    return this.op('gelu', { approximate }, x);
  }
  /** x in another precision; x itself where it is in that one already. */
  cast(x: Value, to: FloatDtype): Value {
    return x.dtype === to ? x : this.op('cast', { to }, x);
  }
  /** x, not before `after` is there. */
  gate(x: Value, after: Value): Value {
    return this.op('gate', {}, x, after);
  }
}

export function isOne(value: Value): boolean {
  const { node } = value;
  return node.op === 'constant' && value.shape.length === 0 && node.attributes.data[0] === 1;
}

/** The size of a dimension that must be known when the graph is built. */
export function knownSize(dim: Dim | undefined): number {
  if (typeof dim !== 'number') throw new Error(`Expected a known size, got ${String(dim)}`);
  return dim;
}

function keyOf(op: Op, attributes: Attributes[Op], inputs: readonly Value[]): string {
  const described = JSON.stringify(attributes, (_, value: unknown) => {
    if (ArrayBuffer.isView(value)) return tableKey(value);
    // JSON has no infinity, and no sign of zero.
    if (Object.is(value, -0)) return '-0';
    return typeof value === 'number' && !Number.isFinite(value) ? String(value) : value;
  });
  return `${op} ${described} ${inputs.map((input) => input.id).join(',')}`;
}

const tableNumbers = new WeakMap<ArrayBufferView, number>();
let tables = 0;

/** Large tables are equal only to themselves: writing out their numbers would take longer than building the graph. */
function tableKey(table: ArrayBufferView): string | number[] {
  if (table.byteLength <= 256) return Array.from(table as unknown as ArrayLike<number>);
  let number = tableNumbers.get(table);
  if (number === undefined) tableNumbers.set(table, (number = ++tables));
  return `table ${number}`;
}
