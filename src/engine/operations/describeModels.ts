import path from 'node:path';
import { Failure } from '../../failure/failure';
import { roughCount } from '../../run/ingredients';
import type { DescribeModelsParams, ModelDescription } from '../../run/proposal';
import { openBaseModel } from '../facts/baseModel';
import { modelsInHubCache } from '../formats/hubCache';
import { countParameters } from '../models/model';
import type { Model } from '../models/model';

/** What the model folders hold, then those of the local hub cache. Never throws for what is wrong in them. */
export async function describeModels(
  { folders, withCache }: DescribeModelsParams,
  signal?: AbortSignal,
): Promise<ModelDescription[]> {
  const cached = withCache ? await modelsInHubCache() : [];
  const named = [
    ...folders.map((folder) => ({ reference: folder, folder, isCached: false })),
    ...cached.map(({ id, folder }) => ({ reference: id, folder, isCached: true })),
  ];
  const described: ModelDescription[] = [];
  for (const { reference, folder, isCached } of named) {
    signal?.throwIfAborted();
    described.push({ reference, isCached, ...(await describeModel(folder)) });
  }
  return described;
}

async function describeModel(folder: string): Promise<Pick<ModelDescription, 'words' | 'isUsable'>> {
  try {
    const { model, folder: opened } = await openBaseModel(folder, path.dirname(folder));
    if (opened.tokenizerFile === undefined && opened.tokenizerJson === undefined) {
      return { words: 'has no tokenizer.json', isUsable: false };
    }
    return { words: modelWords(model), isUsable: true };
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return { words: error.message, isUsable: false };
  }
}

/** `llama, 15.2 million parameters, reads 256 tokens` */
export function modelWords(model: Model): string {
  return `${model.modelType}, ${roughCount(countParameters(model))} parameters, reads ${model.contextLength} tokens`;
}
