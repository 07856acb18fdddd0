import type { MicroBatch } from '../data/layout';
import { bindShape } from '../graph/shape';
import type { Dim } from '../graph/types';
import { bool, f32, i32 } from '../runtime/runtime';
import type { Tensor } from '../runtime/runtime';
import { dropoutMask } from './dropoutMask';
import type { TrainedTensor } from './state';

type Feeds = Record<string, Tensor>;

/**
 * The inputs of a loss graph for one micro-batch. Its supervised positions are spread over as few chunks of at most
 * `rows` as they need, evenly; the remaining chunks are empty, which costs nothing.
 */
export function batchFeeds(batch: MicroBatch, chunks: number, rows: number): Feeds {
  const shape = [batch.batch, batch.length];
  const feeds: Feeds = {
    ids: i32(batch.ids, shape),
    positions: i32(batch.positions, shape),
    segments: i32(batch.segments, shape),
  };
  const used = Math.ceil(batch.supervised.length / rows);
  const share = used === 0 ? 0 : Math.ceil(batch.supervised.length / used);
  for (let k = 0; k < chunks; k++) {
    const positions = batch.supervised.subarray(k * share, (k + 1) * share);
    feeds[`supervised.${k}`] = i32(positions, [positions.length]);
    feeds[`labels.${k}`] = i32(batch.labels.subarray(k * share, (k + 1) * share), [positions.length]);
  }
  return feeds;
}

export function tensorFeeds(tensors: readonly TrainedTensor[]): Feeds {
  return Object.fromEntries(tensors.map(({ name, shape, values }) => [name, f32(values, shape)]));
}

/** A graph input that wants a dropout mask, bool [rows, features]; `rows` is a size of the micro-batch. */
export interface DropoutInput {
  readonly name: string;
  readonly rows: Dim;
  readonly features: number;
}

/** Masks for one micro-batch with the inputs `feeds`, from the seed and the place of the micro-batch alone. */
export function dropoutFeeds(
  inputs: readonly DropoutInput[],
  feeds: Feeds,
  probability: number,
  place: { readonly seed: number; readonly step: number; readonly microBatch: number },
): Feeds {
  const symbols = sizes(feeds);
  return Object.fromEntries(
    inputs.map(({ name, rows, features }) => {
      const shape = bindShape([rows, features], symbols);
      const mask = dropoutMask(shape[0]! * features, probability, [place.seed, place.step, place.microBatch, name]);
      return [name, bool(mask, shape)];
    }),
  );
}

/** The sizes that the symbols of a loss graph have in a micro-batch. */
function sizes(feeds: Feeds): Map<string, number> {
  const [batch, length] = feeds['ids']!.shape as [number, number];
  const chunks = Object.keys(feeds).flatMap((name): [string, number][] => {
    const chunk = /^labels\.(\d+)$/.exec(name)?.[1];
    return chunk === undefined ? [] : [[`S${chunk}`, feeds[name]!.shape[0]!]];
  });
  return new Map([['B', batch], ['T', length], ...chunks]);
}
