import type { BaseModel } from '../facts/baseModel';
import { decodingGraph } from '../generate/decodingGraph';
import type { BatchReader } from '../generate/textBatch';
import type { GraphBuilder } from '../graph/builder';
import type { Adapter } from '../lora/adapter';
import { heldStackLayers, stackedLayers, stackInputs, stackRank, stackShares, strengthened } from '../lora/stack';
import type { StackedAdapter, StackInput } from '../lora/stack';
import type { Layers } from '../models/model';
import { f32 } from '../runtime/runtime';
import type { Executable, Precision, Runtime, Tensors, WeightSource } from '../runtime/runtime';
import { blocksOnly, inferenceLayers, inPrecision, packed } from './compile';
import type { Packing } from './compile';

/** Where and how a base model is read. */
export interface ReadingOptions {
  readonly runtime: Runtime;
  readonly base: BaseModel;
  readonly weights: WeightSource;
  /** Tokens of a text at most. */
  readonly maxLength: number;
  readonly packing?: Packing;
  /** `fp32` if left out. */
  readonly precision?: Precision;
}

/** An adapter that a row of a batch takes, and how strongly: 1 is as trained. */
export interface WeightedStack {
  readonly adapter: StackedAdapter;
  readonly weight: number;
}

/** Any number of adapters, whose changes are added up; none is the base model. */
export type StackChoice = readonly WeightedStack[];

/** Reads rows with adapters of their own, at the modules `paths` of the model. */
export async function stackedReader(
  options: ReadingOptions,
  paths: ReadonlySet<string>,
): Promise<BatchReader<StackChoice>> {
  const { model } = options.base;
  const executable = await compileDecoding(options, (b) => stackedLayers(b, model, paths));
  const numbers = new Numbers();
  let stacked: readonly StackedAdapter[] | undefined;
  let inputs: Tensors = {};
  return {
    executable,
    inputs(choices) {
      if (paths.size === 0) return {};
      const used = [...new Set(choices.flat().map(({ adapter }) => adapter))];
      if (used.length !== stacked?.length || used.some((one) => stacked?.includes(one) !== true)) {
        // Laying adapters beside each other takes a copy of them: it is kept while the same ones are used.
        stacked = used;
        inputs = asTensors(stackInputs(model, paths, used));
      }
      const shares = choices.map((choice) => stacked!.map((adapter) => weightOf(choice, adapter)));
      return { ...inputs, ...asTensors(stackShares(stacked, shares)) };
    },
    keyOf: (choice) => choice.map(({ adapter, weight }) => `${numbers.of(adapter)}:${weight}`).join(),
  };
}

/**
 * Reads all rows with the same adapters, which become weights of the graph: a run that reads a single token of a small
 * model takes longer to hand over hundreds of matrices than to multiply with them.
 */
export async function heldStackReader(options: ReadingOptions, choice: StackChoice): Promise<BatchReader<unknown>> {
  const { model } = options.base;
  const adapters = choice.map(({ adapter, weight }) => strengthened(adapter, weight));
  const paths = new Set(adapters.flatMap(({ modules }) => [...modules.keys()]));
  const held = stackInputs(model, paths, adapters);
  const weights: WeightSource = (name) => {
    const own = held[name];
    return own === undefined ? options.weights(name) : { kind: 'memory', data: own.data };
  };
  const rank = stackRank(adapters);
  const executable = await compileDecoding({ ...options, weights }, (b) => heldStackLayers(b, model, paths, rank));
  return { executable, inputs: () => ({}), keyOf: () => '' };
}

/** Reads all rows with one adapter, or with none; `tensors` are its values, asked for at each step. */
export async function fixedReader(
  options: ReadingOptions,
  adapter: Adapter | undefined,
  tensors: () => Tensors,
): Promise<BatchReader<unknown>> {
  const executable = await compileDecoding(options, inferenceLayers(options.base, adapter));
  return { executable, inputs: tensors, keyOf: () => '' };
}

function compileDecoding(
  { runtime, base, weights, maxLength, packing = blocksOnly, precision = 'fp32' }: ReadingOptions,
  layersOn: (b: GraphBuilder) => Layers,
): Promise<Executable> {
  const graph = packed(decodingGraph(base.model, layersOn, maxLength), runtime, weights, packing);
  return runtime.compile(inPrecision(graph, precision), weights);
}

/** A number for each adapter: one that takes the place of another has the same name and makes other keys. */
class Numbers {
  readonly #known = new WeakMap<StackedAdapter, number>();
  #next = 0;

  of(adapter: StackedAdapter): number {
    let number = this.#known.get(adapter);
    if (number === undefined) this.#known.set(adapter, (number = this.#next++));
    return number;
  }
}

function weightOf(choice: StackChoice, adapter: StackedAdapter): number {
  return choice.reduce((sum, chosen) => (chosen.adapter === adapter ? sum + chosen.weight : sum), 0);
}

function asTensors(inputs: Readonly<Record<string, StackInput>>): Tensors {
  return Object.fromEntries(Object.entries(inputs).map(([name, { data, shape }]) => [name, f32(data, shape)]));
}
