import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { CudaOutcome, CudaRequest, CudaSetUp } from '../../../run/cuda';
import type { SetUpNews } from '../../../run/setUp';
import { probe } from '../../devices/probe';
import { judge } from '../../devices/words';
import { removeFolderAtomically, replaceFolderAtomically } from '../../formats/atomicFile';
import { cudaNotUsable } from '../../runtime/onnx/cuda/failures';
import { cudaFolder, noteName } from '../../runtime/onnx/cuda/place';
import { folderBytes } from '../folderBytes';
import type { ToldSite } from '../setUp/site';
import { checkBeforehand } from './beforehand';
import { addLibraries } from './ingredients';
import { nvidiaWheels, onnxWheel, requirementOf } from './releases';

export interface SetUpOptions extends CudaRequest {
  readonly signal: AbortSignal;
  readonly onNews: (news: SetUpNews) => void;
  /** Where it is set up; the user's cache folder if left out. */
  readonly folder?: string;
}

/** The first time a card's code may be made ready, which takes a minute or two. */
const patience = 300_000;

/**
 * Fetches ONNX Runtime's provider for CUDA and NVIDIA's libraries, computes a training step with them in a process of its own
 * and compares its numbers, and puts them in place at once: what was there before stays until then, and nothing is left behind by
 * a failure or a stop.
 * @throws Failure `cuda-…`, `file-missing`
 */
export async function setUpCuda(options: SetUpOptions): Promise<CudaOutcome> {
  const { signal, folder = cudaFolder() } = options;
  try {
    await checkBeforehand(options, folder, signal);
    let times: Pick<CudaSetUp, 'step_ms' | 'cpu_step_ms'> = { step_ms: null, cpu_step_ms: null };
    await replaceFolderAtomically(folder, async (place) => {
      times = await build({ folder: place, signal, onNews: options.onNews }, options.wheel);
      signal.throwIfAborted();
    });
    const bytes = await folderBytes(folder);
    return { outcome: 'finished', set_up: { folder, onnxruntime: onnxWheel.version, bytes, ...times } };
  } catch (error) {
    if (signal.aborted && error === signal.reason) return { outcome: 'cancelled' };
    throw error;
  }
}

/** Makes the whole folder, and tries it; gives how long a step took. */
async function build(site: ToldSite, wheel: string | null): Promise<Pick<CudaSetUp, 'step_ms' | 'cpu_step_ms'>> {
  const { folder, signal } = site;
  await addLibraries(site, wheel);
  const about = { onnxruntime: onnxWheel.version, libraries: [onnxWheel, ...nvidiaWheels].map(requirementOf) };
  await writeFile(path.join(folder, noteName), `${JSON.stringify(about, null, 2)}\n`);
  site.onNews({ type: 'step', step: 'Checking the numbers of a training step' });
  const result = await probe('cuda', { cuda: folder, patience, signal });
  signal.throwIfAborted();
  if (result.outcome !== 'usable') throw cudaNotUsable(judge(result).reason);
  return { step_ms: result.stepMs, cpu_step_ms: result.cpuStepMs };
}

/** Removes what was set up, and says whether there was something. */
export function removeCuda(folder = cudaFolder()): Promise<boolean> {
  return removeFolderAtomically(folder);
}
