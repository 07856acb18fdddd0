import { Failure } from '../../failure/failure';
import { nearest } from '../../recipe/nearest';
import type { DownloadNews, DownloadOutcome, DownloadRequest } from '../../run/download';
import { downloadModel } from '../hub/downloadModel';
import { readModel } from '../models/families';
import { countParameters } from '../models/model';
import { curatedModels } from './baseModels';
import { memoryNeed } from './trainingMemory';

/**
 * Fetches a base model from the hub into the local cache. Its configuration is read first: a model that could not be
 * trained is refused before its weights are fetched.
 * @throws Failure of `downloadModel` and of `readModel`
 */
export async function downloadBaseModel(
  request: DownloadRequest,
  onNews: (news: DownloadNews) => void,
  signal: AbortSignal,
): Promise<DownloadOutcome> {
  try {
    return await downloadModel(request, {
      signal,
      onNews,
      onConfig: (config, { total, present }) => {
        const model = readModel(config);
        onNews({
          type: 'model',
          family: model.modelType,
          parameters: countParameters(model),
          total_bytes: total,
          present_bytes: present,
          ...memoryNeed(model, total),
        });
      },
    });
  } catch (error) {
    throw error instanceof Failure && error.code === 'hub-model-not-found' ? withNearest(error, request.id) : error;
  }
}

/** Names the listed model that was probably meant. */
function withNearest(failure: Failure, id: string): Failure {
  const withoutOwner = (full: string): string => full.slice(full.indexOf('/') + 1);
  const names = new Map(curatedModels.map((model) => [withoutOwner(model.id), model.id]));
  const meant = names.get(nearest(withoutOwner(id), [...names.keys()]) ?? '');
  if (meant === undefined || meant === id) return failure;
  return new Failure(failure.code, failure.message, {
    hint: `Did you mean "${meant}"? ${failure.hint ?? ''}`,
    exitCode: failure.exitCode,
  });
}
