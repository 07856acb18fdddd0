import type { RequestType0 } from 'vscode-jsonrpc/node';
import type { CudaOutcome, CudaRequest, CudaState } from '../../run/cuda';
import { requests, setUpProgress } from '../../run/engineProtocol';
import type { WireError } from '../../run/engineProtocol';
import type { SetUpNews } from '../../run/setUp';
import type { TensorflowOutcome, TensorflowRequest, TensorflowState } from '../../run/tensorflow';
import type { Asking } from './textEngine';

/** Libraries that an engine process fetches and puts in place. Everything rejects as `TrainingHandle.done` does. */
export interface SetUpEngine<State, Request, Outcome> {
  /** What there is, and what setting it up would take. */
  state(): Promise<State>;
  /** The signal stops it, and what was set up before stays. */
  setUp(request: Request, onNews: (news: SetUpNews) => void, signal: AbortSignal): Promise<Outcome>;
  /** Gives whether it was set up. */
  remove(): Promise<boolean>;
}

export interface SetUpEngines {
  readonly cuda: SetUpEngine<CudaState, CudaRequest, CudaOutcome>;
  readonly tensorflow: SetUpEngine<TensorflowState, TensorflowRequest, TensorflowOutcome>;
}

/** How a client asks its process. */
interface SetUpAsking extends Pick<Asking, 'tell'> {
  readonly answerTo: <Result>(type: RequestType0<Result, WireError>) => Promise<Result>;
}

export function setUpEngines({ tell, answerTo }: SetUpAsking): SetUpEngines {
  return {
    cuda: {
      state: () => answerTo(requests.cuda),
      setUp: (request, onNews, signal) =>
        tell({ type: requests.setUpCuda, news: setUpProgress }, request, onNews, signal),
      remove: () => answerTo(requests.removeCuda),
    },
    tensorflow: {
      state: () => answerTo(requests.tensorflow),
      setUp: (request, onNews, signal) =>
        tell({ type: requests.setUpTensorflow, news: setUpProgress }, request, onNews, signal),
      remove: () => answerTo(requests.removeTensorflow),
    },
  };
}
