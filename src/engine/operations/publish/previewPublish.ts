import type { PublishNews, PublishPreviewOutcome, PublishPreviewRequest } from '../../../run/publish';
import { hubToPublish } from '../../hub/publishFiles';
import { tokenOwner } from '../../hub/tokenOwner';
import type { PublishSurroundings } from './publishAdapter';
import { publishedFiles } from './publishedFiles';

/**
 * What `publishAdapter` would send, where to and in whose name. Nothing of the adapter leaves this computer: the hub is asked
 * only whose token this is.
 * @throws Failure those of `publishedFiles` and `tokenOwner`, `publish-offline`, `publish-needs-token`
 */
export async function previewPublish(
  { token, ...request }: PublishPreviewRequest,
  onNews: (news: PublishNews) => void,
  signal: AbortSignal,
  { environment = process.env, patience }: PublishSurroundings = {},
): Promise<PublishPreviewOutcome> {
  const { baseModel, contents } = await publishedFiles(request);
  const settings = await hubToPublish(token, environment);
  try {
    const owner = await tokenOwner(settings, {
      signal,
      ...(patience === undefined ? {} : { patience }),
      onPause: (reason, seconds) => onNews({ type: 'waiting', reason, seconds }),
    });
    const files = [...contents].map(([name, { length: bytes }]) => ({ name, bytes }));
    return { outcome: 'finished', preview: { endpoint: settings.endpoint, owner, base_model: baseModel, files } };
  } catch (error) {
    if (signal.aborted && error === signal.reason) return { outcome: 'cancelled' };
    throw error;
  }
}
