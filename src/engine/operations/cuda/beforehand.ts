import { existsSync, statSync } from 'node:fs';
import type { CudaRequest } from '../../../run/cuda';
import { fileMissing } from '../../formats/failures';
import { cudaNotHere } from '../../runtime/onnx/cuda/failures';
import { checkSpace, works } from '../setUp/beforehand';
import { noPip, noPython } from '../setUp/failures';
import { checkDriver } from './driver';
import { neededBytes, subject } from './releases';
import { checkWheelName } from './wheel';

/**
 * Finds out before anything is fetched what would be missing in the end.
 * @throws Failure `cuda-…`, `file-missing`
 */
export async function checkBeforehand({ wheel }: CudaRequest, folder: string, signal: AbortSignal): Promise<void> {
  if (process.platform !== 'linux' || process.arch !== 'x64') throw cudaNotHere(`${process.platform} ${process.arch}`);
  await checkDriver(signal);
  if (!(await works(signal, 'python3', '--version'))) throw noPython(subject);
  if (wheel !== null) {
    if (!existsSync(wheel)) throw fileMissing(wheel);
    if (!isFolder(wheel)) checkWheelName(wheel);
  }
  if (!(await works(signal, 'python3', '-m', 'pip', '--version'))) throw noPip(subject);
  await checkSpace(subject, neededBytes, folder);
}

export function isFolder(file: string): boolean {
  return statSync(file).isDirectory();
}
