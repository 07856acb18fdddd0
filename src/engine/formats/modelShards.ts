import path from 'node:path';
import { writeFileAtomically } from './atomicFile';
import { storedBytes, streamSafetensors } from './safetensors';
import type { StreamedTensor } from './safetensors';

/** Transformers' `max_shard_size` of old: hubs and file systems have no trouble with files of this size. */
export const usualShardBytes = 5_000_000_000;

/**
 * Writes a model's weights as Transformers' `save_pretrained` does: model.safetensors, or where that would be larger than
 * `shardBytes` model-00001-of-0000N.safetensors and so on with model.safetensors.index.json. Tensors stay in their order;
 * one that is larger than a shard has one of its own.
 * @returns the names of the files with weights
 * @throws Failure as `writeFileAtomically`
 */
export async function writeModelShards(
  folder: string,
  tensors: readonly StreamedTensor[],
  shardBytes = usualShardBytes,
): Promise<readonly string[]> {
  const shards = divided(tensors, shardBytes);
  if (shards.length === 1) {
    await streamSafetensors(path.join(folder, 'model.safetensors'), tensors);
    return ['model.safetensors'];
  }
  const padded = (count: number): string => String(count).padStart(5, '0');
  const names = shards.map((_, i) => `model-${padded(i + 1)}-of-${padded(shards.length)}.safetensors`);
  for (const [i, shard] of shards.entries()) await streamSafetensors(path.join(folder, names[i]!), shard);
  const entries = shards.flatMap((shard, i) => shard.map(({ name }): [string, string] => [name, names[i]!]));
  const index = {
    metadata: { total_size: tensors.reduce((sum, tensor) => sum + storedBytes(tensor), 0) },
    weight_map: Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1))),
  };
  await writeFileAtomically(path.join(folder, 'model.safetensors.index.json'), `${JSON.stringify(index, null, 2)}\n`);
  return names;
}

function divided(tensors: readonly StreamedTensor[], shardBytes: number): StreamedTensor[][] {
  const shards: StreamedTensor[][] = [[]];
  let filled = 0;
  for (const tensor of tensors) {
    const bytes = storedBytes(tensor);
    if (filled > 0 && filled + bytes > shardBytes) {
      shards.push([]);
      filled = 0;
    }
    shards.at(-1)!.push(tensor);
    filled += bytes;
  }
  return shards;
}
