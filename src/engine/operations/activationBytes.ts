import type { BaseModel } from '../facts/baseModel';
import { decompose } from '../graph/decompose';
import { distributeOneHot } from '../graph/oneHot';
import { peakMemory } from '../graph/peakMemory';
import type { Adapter } from '../lora/adapter';
import type { Recomputation } from '../train/trainingGraph';
import type { BatchShape } from './batchShapes';
import { buildTraining } from './compile';
import type { LossOptions } from './compile';

/**
 * Bytes of the largest of some micro-batches in which every token is supervised; the weights need not be there.
 * @param isPacked which weights are held in fewer bits and widened where they are used
 * @param shapes without them that of a full one, in which every row is as long as it may be
 */
export function activationBytes(
  base: Pick<BaseModel, 'model'>,
  adapter: Adapter,
  options: LossOptions & { readonly recomputation: Recomputation },
  shapes: readonly BatchShape[] = [{ rows: options.batchSize, length: options.maxLength }],
  isPacked: (name: string) => boolean = () => false,
): number {
  const built = buildTraining(base, adapter, options, isPacked);
  const graph = decompose(distributeOneHot(built.graph));
  return Math.max(
    ...shapes.map(({ rows, length }) => {
      const used = Math.ceil((rows * length) / built.rows);
      const supervised = (chunk: number): number => (chunk < used ? Math.ceil((rows * length) / used) : 0);
      const chunks = Array.from({ length: built.chunks }, (_, k): [string, number] => [`S${k}`, supervised(k)]);
      return peakMemory(graph, new Map([['B', rows], ['T', length], ...chunks]));
    }),
  );
}
