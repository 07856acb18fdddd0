import type { MessageConnection } from 'vscode-jsonrpc';
import { downloadProgress, mergeProgress, publishProgress, requests, setUpProgress } from '../../run/engineProtocol';
import type { Answering } from './answering';
import { openEngine } from './openEngine';

/** Answers what writes files without training: downloads, merged and exported models, adapters on the hub, and what TensorFlow and CUDA need. */
export function answerMaking(connection: MessageConnection, answering: Answering): void {
  connection.onRequest(requests.download, ({ progress, ...request }, token) =>
    answering.awaited(() =>
      answering.stoppable(token, async (signal) =>
        (await openEngine()).download(request, answering.teller(downloadProgress, progress), signal),
      ),
    ),
  );
  connection.onRequest(requests.merge, ({ progress, ...request }, token) =>
    answering.awaited(() =>
      answering.stoppable(token, async (signal) =>
        (await openEngine()).merge(request, answering.teller(mergeProgress, progress), signal),
      ),
    ),
  );
  connection.onRequest(requests.export, (params) => answering.awaited(async () => (await openEngine()).export(params)));
  connection.onRequest(requests.publishPreview, ({ progress, ...request }, token) =>
    answering.answer(() =>
      answering.stoppable(token, async (signal) =>
        (await openEngine()).previewPublish(request, answering.teller(publishProgress, progress), signal),
      ),
    ),
  );
  connection.onRequest(requests.publish, ({ progress, ...request }, token) =>
    answering.awaited(() =>
      answering.stoppable(token, async (signal) =>
        (await openEngine()).publish(request, answering.teller(publishProgress, progress), signal),
      ),
    ),
  );
  connection.onRequest(requests.setUpTensorflow, ({ progress, ...request }, token) =>
    answering.awaited(() =>
      answering.stoppable(token, async (signal) => {
        const onNews = answering.teller(setUpProgress, progress);
        return (await openEngine()).setUpTensorflow({ ...request, package: null, signal, onNews });
      }),
    ),
  );
  connection.onRequest(requests.removeTensorflow, () =>
    answering.awaited(async () => (await openEngine()).removeTensorflow()),
  );
  connection.onRequest(requests.setUpCuda, ({ progress, ...request }, token) =>
    answering.awaited(() =>
      answering.stoppable(token, async (signal) => {
        const onNews = answering.teller(setUpProgress, progress);
        return (await openEngine()).setUpCuda({ ...request, signal, onNews });
      }),
    ),
  );
  connection.onRequest(requests.removeCuda, () => answering.awaited(async () => (await openEngine()).removeCuda()));
}
