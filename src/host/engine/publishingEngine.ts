import { publishProgress, requests } from '../../run/engineProtocol';
import type {
  PublishNews,
  PublishOutcome,
  PublishPreviewOutcome,
  PublishPreviewRequest,
  PublishRequest,
} from '../../run/publish';
import type { Asking } from './textEngine';

/** How an engine process puts adapters on the hub. Everything rejects as `TrainingHandle.done` does. */
export interface PublishingEngine {
  /** What would be sent, where to and in whose name; nothing of the adapter is sent. */
  preview(
    request: PublishPreviewRequest,
    onNews: (news: PublishNews) => void,
    signal: AbortSignal,
  ): Promise<PublishPreviewOutcome>;
  /** The signal stops it, and no file is changed on the hub then. */
  publish(request: PublishRequest, onNews: (news: PublishNews) => void, signal: AbortSignal): Promise<PublishOutcome>;
}

/** Requests hold the user's token: they are told, and never noted in the log as others are. */
export function publishingEngine({ tell }: Asking): PublishingEngine {
  return {
    preview: (request, onNews, signal) =>
      tell({ type: requests.publishPreview, news: publishProgress }, request, onNews, signal),
    publish: (request, onNews, signal) =>
      tell({ type: requests.publish, news: publishProgress }, request, onNews, signal),
  };
}
