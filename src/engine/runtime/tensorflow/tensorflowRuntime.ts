/* eslint-disable @typescript-eslint/require-await -- the interface is asynchronous, TensorFlow's kernels are not */
import { decompose } from '../../graph/decompose';
import { foldTransposes } from '../../graph/foldTransposes';
import { distributeOneHot } from '../../graph/oneHot';
import { bindShape, showShape } from '../../graph/shape';
import type { Graph } from '../../graph/types';
import { verify } from '../../graph/verify';
import { bindInputs } from '../bindInputs';
import type { Device, Executable, Runtime, Tensor, Tensors, WeightData, WeightSource } from '../runtime';
import { readHalfWeight, readWeight } from '../weightValues';
import { dataType, loadBinding } from './binding';
import type { Binding, BindingOptions, ElementType } from './binding';
import { Emitter } from './emitter';
import { givenAs, lastUses } from './plan';
import type { Plan, PlannedWeight, Slot } from './plan';
import type { OnKernel } from './profile';
import { WholeGraph } from './wholeGraph';

export interface TensorflowOptions extends BindingOptions {
  /** The file of tfjs-node's binding, as `lora setup tensorflow` builds it. */
  readonly binding: string;
  readonly onKernel?: OnKernel | undefined;
}

/**
 * Runs graphs through TensorFlow's kernels. On the processor TensorFlow gets each graph as a whole; kernel by kernel where they
 * are timed, and on a graphics card, to whose memory the weights are sent once that way. Its native code is loaded with the
 * first graph.
 */
export class TensorflowRuntime implements Runtime {
  readonly name = 'tensorflow';
  readonly device: Device;
  constructor(private readonly options: TensorflowOptions) {
    this.device = options.gpu ? 'cuda' : 'cpu';
  }

  async compile(graph: Graph, weights: WeightSource): Promise<TensorflowExecutable> {
    const lowered = verify(foldTransposes(decompose(distributeOneHot(graph))), 'foldTransposes');
    const plan = new Emitter(lowered).emit();
    const binding = loadBinding(this.options.binding, this.options);
    const whole = this.options.gpu || this.options.onKernel !== undefined ? undefined : new WholeGraph(binding, plan);
    return new TensorflowExecutable(binding, graph, plan, weights, whole, this.options.onKernel);
  }
}

export class TensorflowExecutable implements Executable {
  /** The tensors of weights and constants, by slot. */
  readonly #kept = new Map<Slot, number>();
  readonly #whole: WholeGraph | undefined;
  readonly #released: readonly (readonly Slot[])[];
  #disposed = false;

  constructor(
    private readonly binding: Binding,
    private readonly graph: Graph,
    private readonly plan: Plan,
    weights: WeightSource,
    whole: WholeGraph | undefined,
    private readonly onKernel: OnKernel | undefined,
  ) {
    this.#whole = whole;
    this.#released = lastUses(plan);
    try {
      for (const weight of plan.weights) {
        const { dtype, shape } = givenAs(weight);
        this.#keep(weight.slot, weight.name, dtype, shape, valuesOf(weight, weights(weight.name)));
      }
      for (const { slot, dtype, shape, data } of plan.constants) this.#keep(slot, 'A constant', dtype, shape, data);
    } catch (error) {
      this.#release();
      throw error;
    }
  }

  #keep(slot: Slot, name: string, dtype: ElementType, shape: readonly number[], data: Tensor['data']): void {
    const size = shape.reduce((product, dim) => product * dim, 1);
    if (data.length !== size) {
      throw new Error(`${name} has ${data.length} values, expected ${size} for ${showShape(shape)}`);
    }
    this.#kept.set(slot, this.binding.createTensor(shape, dataType[dtype], data));
  }

  /** Number of tensors that TensorFlow holds for this process. */
  get tensors(): number {
    return this.binding.getNumOfTensors();
  }

  async run(inputs: Tensors): Promise<Tensors> {
    if (this.#disposed) throw new Error('The executable was disposed');
    const symbols = bindInputs(this.graph, inputs);
    const tensors = new Map(this.#kept);
    try {
      for (const { slot, name, dtype } of this.plan.inputs) {
        const { shape, data } = inputs[name]!;
        tensors.set(slot, this.binding.createTensor(shape, dataType[dtype], data));
      }
      for (const { slot, sizes } of this.plan.sizes) {
        const shape = Array.isArray(sizes) ? [sizes.length] : [];
        const bound = bindShape(Array.isArray(sizes) ? sizes : [sizes as string], symbols);
        tensors.set(slot, this.binding.createTensor(shape, dataType.i32, Int32Array.from(bound)));
      }
      if (this.#whole !== undefined) this.#whole.run(tensors);
      else this.#execute(tensors);
      return Object.fromEntries(
        this.plan.outputs.map(({ slot, name, dtype, shape }) => {
          const data = this.binding.tensorDataSync(tensors.get(slot)!);
          return [name, { dtype, shape: bindShape(shape, symbols), data } as Tensor];
        }),
      );
    } finally {
      for (const [slot, tensor] of tensors) if (!this.#kept.has(slot)) this.binding.deleteTensor(tensor);
    }
  }

  #execute(tensors: Map<Slot, number>): void {
    const { binding, onKernel } = this;
    this.plan.kernels.forEach(({ op, attributes, inputs, results, of }, i) => {
      const start = onKernel === undefined ? 0 : performance.now();
      const given = inputs.map((slot) => tensors.get(slot)!);
      const computed = binding.executeOp(op, attributes, given, results.length);
      results.forEach((slot, place) => tensors.set(slot, computed[place]!.id));
      for (const slot of this.#released[i]!) {
        binding.deleteTensor(tensors.get(slot)!);
        tensors.delete(slot);
      }
      onKernel?.(op, of, performance.now() - start);
    });
  }

  async dispose(): Promise<void> {
    this.#disposed = true;
    this.#release();
  }

  #release(): void {
    this.#whole?.dispose();
    for (const tensor of this.#kept.values()) this.binding.deleteTensor(tensor);
    this.#kept.clear();
  }
}

function valuesOf({ dtype }: PlannedWeight, data: WeightData): Tensor['data'] {
  return dtype === 'f32' ? readWeight(data) : new Uint8Array(readHalfWeight(data, dtype).buffer);
}
