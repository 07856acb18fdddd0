import type { BaseModel } from '../facts/baseModel';
import { decompose } from '../graph/decompose';
import { distributeOneHot } from '../graph/oneHot';
import { peakMemory } from '../graph/peakMemory';
import type { Adapter } from '../lora/adapter';
import type { Recomputation } from '../train/trainingGraph';
import { buildTraining } from './compile';
import type { LossOptions } from './compile';

/** Bytes of a full micro-batch in which every token is supervised; the weights need not be there. */
export function activationBytes(
  base: Pick<BaseModel, 'model'>,
  adapter: Adapter,
  options: LossOptions & { readonly recomputation: Recomputation },
): number {
  const { graph, chunks, rows } = buildTraining(base, adapter, options);
  const symbols = new Map([
    ['B', options.batchSize],
    ['T', options.maxLength],
    ...Array.from({ length: chunks }, (_, k): [string, number] => [`S${k}`, rows]),
  ]);
  return peakMemory(decompose(distributeOneHot(graph)), symbols);
}
