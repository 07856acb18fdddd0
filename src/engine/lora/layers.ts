import type { GraphBuilder } from '../graph/builder';
import type { Dim, Value } from '../graph/types';
import type { Layers, Model } from '../models/model';
import { plainLayers } from '../models/model';
import type { Adapter, LoraTarget } from './types';

/** A dropout mask that the graph reads: bool [rows, features], true with probability 1 − p. */
export interface DropoutInput {
  /** `dropout.<path>`; a module that is computed again on other rows (the head, chunk by chunk) adds `.1`, `.2`, … */
  readonly name: string;
  readonly path: string;
  readonly rows: Dim;
  readonly features: number;
}

export interface LoraLayers extends Layers {
  /** The trained tensors, inputs of the graph by the names of {@link Adapter.trainables}. */
  readonly trainable: ReadonlyMap<string, Value>;
  /** Grows while the graph is built. */
  readonly dropoutInputs: readonly DropoutInput[];
}

/**
 * The layers of a model with an adapter around them: linear modules become W x + s·B(A(dropout x)), embeddings
 * E[ids] + s·B(A[:, ids]), without dropout as in PEFT. The masks of dropout are inputs of the graph, only with
 * `dropout` and a rate above 0; the factor 1/(1 − p) is part of s.
 *
 * Where one of two tied modules is saved (trained in full) and the other is not, the other's frozen weight is asked
 * for by its own name, such as `lm_head.weight`: see {@link Model.tied} for where it lies.
 */
export function loraLayers(
  b: GraphBuilder,
  model: Model,
  adapter: Adapter,
  options: { readonly dropout: boolean },
): LoraLayers {
  const trainable = new Map(adapter.trainables.map(({ name, shape }) => [name, b.input(name, 'f32', shape)]));
  const targets = new Map(adapter.targets.map((target) => [target.path, target]));
  const plain = plainLayers(b, adapter.method === 'full' ? model : withoutTies(model, trainable), ofModel(adapter));
  const dropout = options.dropout && adapter.dropout > 0 ? new Dropout(b, adapter.dropout) : undefined;

  const tensor = (target: LoraTarget, name: string): Value => trainable.get(`${target.path}.${name}`)!;
  return {
    b,
    trainable,
    dropoutInputs: dropout?.inputs ?? [],
    parameter: (name) => plain.parameter(name),
    linear: (path, x) => {
      const base = plain.linear(path, x);
      const target = targets.get(path);
      if (target === undefined) return base;
      const dropped = dropout?.drop(path, x) ?? x;
      const low = b.matmul(dropped, tensor(target, 'lora_A.weight'), { transposeB: true });
      const alpha = target.scaling * (dropout?.scale ?? 1);
      return b.add(base, b.matmul(low, tensor(target, 'lora_B.weight'), { transposeB: true, alpha }));
    },
    embedding: (path, ids) => {
      const base = plain.embedding(path, ids);
      const target = targets.get(path);
      if (target === undefined) return base;
      const low = b.gather(b.transpose(tensor(target, 'lora_embedding_A'), [1, 0]), ids);
      const alpha = target.scaling;
      return b.add(base, b.matmul(low, tensor(target, 'lora_embedding_B'), { transposeB: true, alpha }));
    },
  };
}

/** Trained tensors that take the place of the model's own. */
function ofModel(adapter: Adapter): ReadonlySet<string> {
  return new Set(adapter.trainables.filter(({ baseWeight }) => baseWeight !== undefined).map(({ name }) => name));
}

/** The model with every tied weight as its own, if one of them is trained; else the model as it is. */
function withoutTies(model: Model, trainable: ReadonlyMap<string, Value>): Model {
  const isTrained = [...model.tied].some(([alias, weight]) => trainable.has(alias) || trainable.has(weight));
  if (!isTrained) return model;
  const own = [...model.tied].map(([alias, weight]) => [alias, model.parameters.get(weight)!] as const);
  return { ...model, tied: new Map(), parameters: new Map([...model.parameters, ...own]) };
}

/** Masks that keep a share 1 − p of the inputs; what is kept grows by `scale`, so that the mean stays. */
class Dropout {
  readonly inputs: DropoutInput[] = [];
  readonly scale: number;
  readonly #calls = new Map<string, number>();

  constructor(
    readonly b: GraphBuilder,
    rate: number,
  ) {
    this.scale = 1 / (1 - rate);
  }

  drop(path: string, x: Value): Value {
    const [rows, features] = x.shape as [Dim, number];
    const call = this.#calls.get(path) ?? 0;
    this.#calls.set(path, call + 1);
    const name = `dropout.${path}${call === 0 ? '' : `.${call}`}`;
    this.inputs.push({ name, path, rows, features });
    return this.b.op('keep', {}, x, this.b.input(name, 'bool', [rows, features]));
  }
}
