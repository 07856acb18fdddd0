import { constants } from 'node:os';
import path from 'node:path';
import type * as Onnx from 'onnxruntime-node';
import { cudaNoDriver, cudaNotLoading } from './cuda/failures';
import { coreLibrary, cudaFolder, nvidiaLibraries, onnxPackage, recoveredRelease } from './cuda/place';

/** `RTLD_NODELETE` of Linux (dlfcn.h), which Node has no name for: the library stays although it is no module of Node's. */
const noDelete = 0x1000;

let loading: Promise<typeof Onnx> | undefined;
/** Where CUDA's libraries are, if they are of this release; and what went wrong with ONNX Runtime's own one there. */
let cuda: { readonly folder: string; readonly problem: unknown } | undefined;

/**
 * onnxruntime-node, whose native code is loaded with the first call. Where CUDA is set up in `folder`, ONNX Runtime's library is
 * taken from there: it looks for providers beside itself, and the package has none. A process has one ONNX Runtime, so that the
 * folder of the first call counts. Throws where the native code does not load.
 */
export function loadOnnx(folder = cudaFolder()): Promise<typeof Onnx> {
  loading ??= load(folder);
  return loading;
}

async function load(folder: string): Promise<typeof Onnx> {
  // Otherwise ONNX Runtime (1.30, all systems but Windows) sends its maker facts about models, runs and this computer, which it
  // gives a number for that, and takes almost a second longer to begin and to end.
  process.env['ORT_DISABLE_TELEMETRY'] ??= '1';
  if (process.platform === 'linux' && (await recoveredRelease(folder)) === onnxPackage().version) {
    cuda = { folder, problem: loadLibrary(path.join(folder, coreLibrary)) };
  }
  return import('onnxruntime-node');
}

/** The folder from which this process computes on CUDA; undefined where it is not set up for this release. */
export async function loadedCuda(): Promise<string | undefined> {
  await loadOnnx();
  return cuda?.folder;
}

/**
 * Loads the libraries that ONNX Runtime's provider for CUDA needs: it would look for them in the system's folders alone.
 * @throws Failure `cuda-no-driver`, `cuda-not-loading`
 */
export async function loadCudaLibraries(): Promise<void> {
  await loadOnnx();
  if (cuda === undefined) return;
  if (cuda.problem !== undefined) throw cudaNotLoading(cuda.problem);
  // Newer cards would make products of 19-bit numbers of 32-bit ones.
  process.env['NVIDIA_TF32_OVERRIDE'] ??= '0';
  // The driver's own library first: without it the provider does not load, and ONNX Runtime would not say why.
  const noDriver = loadLibrary('libcuda.so.1');
  if (noDriver !== undefined) throw cudaNoDriver(noDriver);
  for (const name of nvidiaLibraries) {
    const problem = loadLibrary(path.join(cuda.folder, name));
    if (problem !== undefined) throw cudaNotLoading(problem);
  }
}

/** Gives what went wrong. */
function loadLibrary(file: string): unknown {
  try {
    process.dlopen({ exports: {} }, file, constants.dlopen.RTLD_NOW | noDelete);
    return undefined;
  } catch (error) {
    // It is loaded and stays, as it was asked to; only a module of Node's it is not.
    return error instanceof Error && error.message.includes('did not self-register') ? undefined : error;
  }
}
