import type { CudaState } from '../../../run/cuda';
import { cudaFolder, recoveredRelease } from '../../runtime/onnx/cuda/place';
import { folderBytes } from '../folderBytes';
import { hindranceOf } from '../setUp/beforehand';
import { checkBeforehand } from './beforehand';
import { diskBytes, downloadBytes, libraryBytes, onnxWheel } from './releases';

/** What there is of CUDA here, and what setting it up would take: whoever is to agree to it must know. */
export async function describeCuda(folder = cudaFolder()): Promise<CudaState> {
  const release = await recoveredRelease(folder);
  return {
    onnxruntime: onnxWheel.version,
    folder,
    set_up: release === undefined ? null : { onnxruntime: release, bytes: await folderBytes(folder) },
    download_bytes: downloadBytes,
    library_bytes: libraryBytes,
    disk_bytes: diskBytes,
    hindrance: await hindranceOf(checkBeforehand({ wheel: null }, folder, new AbortController().signal)),
  };
}
