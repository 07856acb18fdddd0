import { GraphBuilder } from '../graph/builder';
import type { Graph, Value } from '../graph/types';
import { verify } from '../graph/verify';
import type { KeyValueStore, Layers, Model } from '../models/model';

/** Names of a block's stored keys and values among the inputs of the graph. */
export const storeNames = (block: number): readonly [keys: string, values: string] => [
  `past.keys.${block}`,
  `past.values.${block}`,
];

/**
 * The graph that reads a text piece by piece: `ids`, `positions` and `segments` (1: a token, 0: padding; i32 [B, T]) of
 * the next tokens, and of those before them keys and values (f32 [B, K, P, d], by {@link storeNames}), how many of each
 * row's slots count (`lengths`, i32 [B]) and the slots' numbers (`slots`, i32 [P]). It gives `logits` [R, vocabulary] at
 * the tokens `rows` (i32 [R], numbers from 0 to B·T − 1), and the keys and values of the new tokens as `present`
 * [2·blocks, B, K, T, d]: those of block i at 2·i and 2·i + 1.
 */
export function decodingGraph(model: Model, layersOn: (b: GraphBuilder) => Layers, maxLength: number): Graph {
  const b = new GraphBuilder();
  const layers = layersOn(b);
  const tokens = (name: string): Value => b.input(name, 'i32', ['B', 'T']);
  const [ids, positions, segments] = [tokens('ids'), tokens('positions'), tokens('segments')];
  const present: Value[] = [];
  const store: KeyValueStore = {
    lengths: b.input('lengths', 'i32', ['B']),
    slots: b.input('slots', 'i32', ['P']),
    continueWith(block, keys, values) {
      present.push(...[keys, values].map((value) => b.reshape(value, [1, ...value.shape])));
      const [pastKeys, pastValues] = storeNames(block).map((name) => {
        return b.input(name, 'f32', ['B', model.kvHeads, 'P', model.headSize]);
      });
      return { keys: pastKeys!, values: pastValues! };
    },
  };
  const hidden = model.hidden(layers, { ids, positions, segments, maxLength, store });
  const logits = model.logits(layers, b.gather(hidden, b.input('rows', 'i32', ['R'])));
  return verify(b.finish({ logits, present: b.op('concat', { axis: 0 }, ...present) }), 'decoding');
}

/**
 * The same for a file that other programs run: the earlier keys and values have the names that `names` gives them, `logits`
 * [B, T, vocabulary] come at all tokens, and the keys and values of the new ones are no result: whoever lowers
 * `cachedAttention` has them at hand.
 */
export function portableDecodingGraph(
  model: Model,
  layersOn: (b: GraphBuilder) => Layers,
  names: (block: number) => readonly [keys: string, values: string],
): Graph {
  const b = new GraphBuilder();
  const layers = layersOn(b);
  // First of all: how many earlier positions there are is read off them.
  const past = Array.from({ length: model.blocks }, (_, block) => {
    const [keys, values] = names(block).map((name) => {
      return b.input(name, 'f32', ['B', model.kvHeads, 'P', model.headSize]);
    });
    return { keys: keys!, values: values! };
  });
  const tokens = (name: string): Value => b.input(name, 'i32', ['B', 'T']);
  const [ids, positions, segments] = [tokens('ids'), tokens('positions'), tokens('segments')];
  const store: KeyValueStore = {
    lengths: b.input('lengths', 'i32', ['B']),
    slots: b.input('slots', 'i32', ['P']),
    continueWith: (block) => past[block]!,
  };
  const hidden = model.hidden(layers, { ids, positions, segments, maxLength: model.contextLength, store });
  const logits = b.reshape(model.logits(layers, hidden), ['B', 'T', model.vocabSize]);
  return verify(b.finish({ logits }), 'portable decoding');
}
