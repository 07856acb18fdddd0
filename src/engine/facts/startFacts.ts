import type { StartFacts } from '../../recipe/facts';
import { readAdapterFolder } from '../formats/adapterFolder';

/**
 * The adapter that a run starts from.
 * @throws Failure `adapter-…` where it cannot be read
 */
export async function startFacts(folder: string): Promise<StartFacts> {
  const { path, config } = await readAdapterFolder(folder);
  return { folder: path, r: config.r, baseModel: config.base_model_name_or_path };
}
