import { gradients } from '../autodiff/gradients';
import { GraphBuilder } from '../graph/builder';
import { gradientsFirst } from '../graph/gradientsFirst';
import { keepNothing, keepProducts, recompute } from '../graph/recompute';
import type { Graph, Value } from '../graph/types';
import { verify } from '../graph/verify';
import type { Layers, Model } from '../models/model';

/** The input by which gradients are multiplied where the graph is made so: an f32 scalar. */
export const lossScaleInput = 'loss_scale';

/** The layers of a model with the tensors that are trained, which are inputs of the graph by these names. */
export interface TrainableLayers extends Layers {
  readonly trainable: ReadonlyMap<string, Value>;
}

/** Which results of the forward pass the backward pass computes again instead of holding them. */
export type Recomputation = 'none' | 'cheap' | 'blocks';

export interface LossGraphOptions {
  /** Positions are below this. */
  readonly maxLength: number;
  /** The supervised positions come in this many chunks; see {@link chunkRows}. */
  readonly chunks: number;
}

/**
 * The graph of one micro-batch: reads `ids`, `positions`, `segments` (i32 [B, T]) and for each chunk k the
 * supervised positions `supervised.k` and their `labels.k` (i32 [Sk], Sk may be 0), and gives the sums `loss` and
 * `correct` over them, and the gradient of `loss` with respect to each trained tensor as `gradient.<name>`.
 *
 * Logits exist only where a label is supervised, and for one chunk at a time: the chunk's loss is a sum, so its
 * gradient with respect to the hidden states is known at once, and the next chunk waits for all of this one.
 */
export function trainingGraph(
  model: Model,
  layersOn: (b: GraphBuilder) => TrainableLayers,
  options: LossGraphOptions & {
    readonly recomputation: Recomputation;
    /** Gradients are those of `loss` times the input {@link lossScaleInput}, so that small ones can be told from 0 in f16. */
    readonly scalesLoss?: boolean;
  },
): Graph {
  const { b, layers, hidden } = forward(model, layersOn, options);
  const scale = options.scalesLoss === true ? b.input(lossScaleInput, 'f32', []) : b.scalar(1);
  const trainable = [...layers.trainable];
  const parameters = trainable.map(([, value]) => value);

  const sums: Partial<Record<'loss' | 'correct', Value>> = {};
  const found: (Value | undefined)[] = parameters.map(() => undefined);
  const collect = (more: readonly (Value | undefined)[]): void => {
    more.forEach((gradient, i) => (found[i] = addUp(b, found[i], gradient)));
  };

  let hiddenGradient: Value | undefined;
  let previous: Value | undefined;
  for (let k = 0; k < options.chunks; k++) {
    const chunk = chunkLoss(model, layers, hidden, k, previous);
    sums.loss = addUp(b, sums.loss, chunk.loss);
    sums.correct = addUp(b, sums.correct, chunk.correct);
    const [rows, ...own] = gradients(b, new Map([[chunk.loss, scale]]), [chunk.rows, ...parameters]);
    collect(own);
    hiddenGradient = b.within({ phase: 'backward' }, () => {
      const scattered = b.op('scatterAdd', { rows: hidden.shape[0]! }, chunk.positions, rows!);
      return addUp(b, hiddenGradient, scattered);
    });
    previous = b.add(b.add(chunk.loss, chunk.correct), b.reduceSum(rows!, [0, 1]));
  }
  collect(gradients(b, new Map([[hidden, hiddenGradient!]]), parameters));

  const outputs = trainable.map(([name], i) => {
    if (found[i] === undefined) throw new Error(`The loss does not depend on ${name}`);
    return [`gradient.${name}`, found[i]] as const;
  });
  const graph = gradientsFirst(b.finish({ loss: sums.loss!, correct: sums.correct!, ...Object.fromEntries(outputs) }));
  verify(graph, 'gradients');
  if (options.recomputation === 'none') return graph;
  return verify(recompute(graph, options.recomputation === 'blocks' ? keepNothing : keepProducts), 'recompute');
}

/** The forward half of {@link trainingGraph}: `loss` and `correct` only. */
export function evaluationGraph(model: Model, layersOn: (b: GraphBuilder) => Layers, options: LossGraphOptions): Graph {
  const { b, layers, hidden } = forward(model, layersOn, options);
  const sums: Partial<Record<'loss' | 'correct', Value>> = {};
  let previous: Value | undefined;
  for (let k = 0; k < options.chunks; k++) {
    const chunk = chunkLoss(model, layers, hidden, k, previous);
    sums.loss = addUp(b, sums.loss, chunk.loss);
    sums.correct = addUp(b, sums.correct, chunk.correct);
    previous = b.add(chunk.loss, chunk.correct);
  }
  return verify(b.finish({ loss: sums.loss!, correct: sums.correct! }), 'forward');
}

/** Logits of chosen positions: reads `ids`, `positions`, `segments` and `rows` (i32 [R]), gives `logits` [R, vocabulary]. */
export function logitsGraph(model: Model, layersOn: (b: GraphBuilder) => Layers, maxLength: number): Graph {
  const { b, layers, hidden } = forward(model, layersOn, { maxLength });
  const rows = b.gather(hidden, b.input('rows', 'i32', ['R']));
  return verify(b.finish({ logits: model.logits(layers, rows) }), 'forward');
}

/**
 * Rows of a chunk so that its logits take about 32 MB: large enough for fast products, small enough to stay
 * out of the peak of memory.
 */
export function chunkRows(vocabSize: number): number {
  return Math.min(1024, Math.max(64, Math.round((8 * 2 ** 20) / vocabSize / 32) * 32));
}

function forward<L extends Layers>(
  model: Model,
  layersOn: (b: GraphBuilder) => L,
  { maxLength }: { readonly maxLength: number },
): { b: GraphBuilder; layers: L; hidden: Value } {
  const b = new GraphBuilder();
  const tokens = (name: string): Value => b.input(name, 'i32', ['B', 'T']);
  const inputs = { ids: tokens('ids'), positions: tokens('positions'), segments: tokens('segments'), maxLength };
  const layers = layersOn(b);
  return { b, layers, hidden: model.hidden(layers, inputs) };
}

function chunkLoss(model: Model, layers: Layers, hidden: Value, k: number, previous: Value | undefined) {
  const { b } = layers;
  return b.within({ scope: `loss.${k}` }, () => {
    const positions = b.input(`supervised.${k}`, 'i32', [`S${k}`]);
    const labels = b.input(`labels.${k}`, 'i32', [`S${k}`]);
    const gathered = b.gather(hidden, positions);
    const rows = previous === undefined ? gathered : b.gate(gathered, previous);
    const logits = model.logits(layers, rows);
    const loss = b.op('crossEntropy', {}, logits, labels);
    return { positions, rows, loss, correct: b.op('countCorrect', {}, logits, labels) };
  });
}

function addUp(b: GraphBuilder, sum: Value | undefined, more: Value): Value;
function addUp(b: GraphBuilder, sum: Value | undefined, more: Value | undefined): Value | undefined;
function addUp(b: GraphBuilder, sum: Value | undefined, more: Value | undefined): Value | undefined {
  if (sum === undefined || more === undefined) return sum ?? more;
  return b.add(sum, more);
}
