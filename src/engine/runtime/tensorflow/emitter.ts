import { isHalfDtype } from '../../graph/types';
import type { Dim, Dtype, FloatDtype, Graph, Op, Shape, Value, ValueDtype } from '../../graph/types';
import { attributeType, dataType } from './binding';
import type { ElementType, OpAttribute } from './binding';
import type { Lowering } from './lowering';
import { lowerings } from './lowerings';
import type { Constant, Kernel, Plan, Sizes, Slot } from './plan';

/** An attribute: a truth value, a whole number, or an element type. */
export type Attribute = boolean | number | ElementType;

/** Writes one graph as a plan of TensorFlow kernels, node by node. */
export class Emitter {
  readonly #slots = new Map<Value, Slot>();
  readonly #kernels: Kernel[] = [];
  readonly #inputs: Plan['inputs'][number][] = [];
  readonly #weights: Plan['weights'][number][] = [];
  readonly #constants: Constant[] = [];
  readonly #sizes: Sizes[] = [];
  /** Small constants, sizes and what {@link shared} made, by a key. */
  readonly #known = new Map<string, readonly Slot[]>();
  #next = 0;
  #of: Op = 'input';

  constructor(readonly graph: Graph) {}

  emit(): Plan {
    for (const node of this.graph.nodes) {
      this.#of = node.op;
      const results = (lowerings[node.op] as Lowering<Op>)(this, node);
      node.outputs.forEach((value, i) => this.#slots.set(value, results[i]!));
    }
    return {
      slots: this.#next,
      inputs: this.#inputs,
      weights: this.#weights,
      constants: this.#constants,
      sizes: this.#sizes,
      kernels: this.#kernels,
      outputs: [...this.graph.outputs].map(([name, value]) => {
        return { name, slot: this.slot(value), dtype: givenBack(value.dtype), shape: value.shape };
      }),
    };
  }

  /** Where a value of the graph lies. */
  slot(value: Value): Slot {
    const slot = this.#slots.get(value);
    if (slot === undefined) throw new Error(`Value ${value.id} of ${value.node.op} has not been emitted`);
    return slot;
  }

  /** Adds a kernel and gives the slot of its result. Element types follow from the inputs, except for lists. */
  kernel(op: string, inputs: readonly Slot[], attributes: Readonly<Record<string, Attribute>> = {}): Slot {
    const slot = this.#fresh();
    const written = Object.entries(attributes).map(([name, value]) => toAttribute(name, value));
    this.#kernels.push({ op, attributes: written, inputs, results: [slot], of: this.#of });
    return slot;
  }

  /** The same tensor, which is there only once another one has been computed. */
  gate(x: Slot, after: Slot): Slot {
    const slot = this.#fresh();
    this.#kernels.push({ op: 'Identity', attributes: [], inputs: [x], after: [after], results: [slot], of: this.#of });
    return slot;
  }

  input(name: string, dtype: Dtype, shape: Shape): Slot {
    const slot = this.#fresh();
    this.#inputs.push({ slot, name, dtype, shape });
    return slot;
  }

  weight(name: string, shape: readonly number[], dtype: FloatDtype = 'f32'): Slot {
    return this.shared(`weight ${name} ${dtype}`, () => {
      const slot = this.#fresh();
      this.#weights.push({ slot, name, dtype, shape });
      return [dtype === 'f32' ? slot : this.kernel('Bitcast', [slot], { type: dtype })];
    })[0]!;
  }

  table(dtype: Dtype, shape: readonly number[], data: ArrayLike<number>): Slot {
    const slot = this.#fresh();
    this.#constants.push({ slot, dtype, shape, data: toArray(dtype, data) });
    return slot;
  }

  /** A small constant, stored once however often it is used. */
  constant(dtype: ValueDtype, data: readonly number[] | number): Slot {
    const [values, shape] = typeof data === 'number' ? [[data], []] : [data, [data.length]];
    return this.shared(`${dtype} ${shape.length} ${values.join()}`, () => [
      isHalfDtype(dtype)
        ? this.kernel('Cast', [this.constant('f32', data)], { DstT: dtype })
        : this.table(dtype, shape, values),
    ])[0]!;
  }

  /** The sizes of a shape as an i32 vector; of a single dimension as a scalar. */
  sizes(shape: Shape | Dim): Slot {
    const dims = Array.isArray(shape) ? (shape as Shape) : [shape as Dim];
    const known = dims.filter((dim) => typeof dim === 'number');
    if (known.length === dims.length) return this.constant('i32', Array.isArray(shape) ? known : known[0]!);
    return this.shared(`sizes ${JSON.stringify(shape)}`, () => {
      const slot = this.#fresh();
      this.#sizes.push({ slot, sizes: shape });
      return [slot];
    })[0]!;
  }

  reshape(x: Slot, shape: Shape): Slot {
    return this.kernel('Reshape', [x, this.sizes(shape)]);
  }

  /** What several nodes need (such as 1/σ of a forward norm), computed where it is first asked for. */
  shared(key: string, compute: () => readonly Slot[]): readonly Slot[] {
    let slots = this.#known.get(key);
    if (slots === undefined) this.#known.set(key, (slots = compute()));
    return slots;
  }

  #fresh(): Slot {
    return this.#next++;
  }
}

function toAttribute(name: string, value: Attribute): OpAttribute {
  if (typeof value === 'boolean') return { name, type: attributeType.bool, value };
  if (typeof value === 'number') return { name, type: attributeType.int, value };
  return { name, type: attributeType.type, value: dataType[value] };
}

/** The element type of a result of the graph. */
function givenBack(dtype: ValueDtype): Dtype {
  if (isHalfDtype(dtype)) throw new Error(`No graph gives ${dtype}`);
  return dtype;
}

function toArray(dtype: Dtype, data: ArrayLike<number>): Constant['data'] {
  switch (dtype) {
    case 'f32':
      return Float32Array.from(data);
    case 'i32':
      return Int32Array.from(data);
    case 'bool':
      return Uint8Array.from(data);
  }
}
