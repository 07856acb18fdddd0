import path from 'node:path';
import type { PublishNews, PublishOutcome, PublishRequest } from '../../../run/publish';
import type { Patience } from '../../hub/request';
import { publishFiles } from '../../hub/publishFiles';
import { publishedFiles } from './publishedFiles';

export interface PublishSurroundings {
  readonly environment?: NodeJS.ProcessEnv;
  readonly patience?: Patience;
}

/**
 * Puts an adapter's files on the hub. Where they name a base model of this computer, the uploaded ones name `baseModel`
 * instead; the folder itself is only read.
 * @throws Failure those of `publishedFiles` and `publishFiles`
 */
export async function publishAdapter(
  request: PublishRequest,
  onNews: (news: PublishNews) => void,
  signal: AbortSignal,
  surroundings: PublishSurroundings = {},
): Promise<PublishOutcome> {
  const { contents } = await publishedFiles(request);
  const { repo, isPrivate, token } = request;
  try {
    const summary = `Upload the adapter ${path.basename(request.adapter)} with LoRA Workbench`;
    const options = { repo, isPrivate, token, summary, signal, onNews, ...surroundings };
    return { outcome: 'finished', adapter: await publishFiles(contents, options) };
  } catch (error) {
    if (signal.aborted && error === signal.reason) return { outcome: 'cancelled' };
    throw error;
  }
}
