import { existsSync } from 'node:fs';
import type { TensorflowRequest } from '../../../run/tensorflow';
import { fileMissing } from '../../formats/failures';
import {
  tensorflowNoCompiler,
  tensorflowNoGraphics,
  tensorflowNoNpm,
  tensorflowNotHere,
} from '../../runtime/tensorflow/failures';
import { checkPackage, headersBesideNode, headersPackage, tfjsPackage } from './ingredients';
import { checkSpace, works } from '../setUp/beforehand';
import { noPip, noPython } from '../setUp/failures';
import { releases, subjectOf } from './releases';
import { checkWheelName } from './wheel';

/** What a set-up is to be made of. */
export interface GivenFiles extends TensorflowRequest {
  /** The package of tfjs-node-gpu on disk, as `npm pack` writes it; null has npm fetch it. */
  readonly package: string | null;
  /** The same of node-api-headers; left out has them taken from beside Node, or else fetched by npm. */
  readonly headers?: string | null;
}

/**
 * Finds out before anything is fetched what would be missing in the end.
 * @throws Failure `tensorflow-…`, `file-missing`
 */
export async function checkBeforehand(given: GivenFiles, folder: string, signal: AbortSignal): Promise<void> {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw tensorflowNotHere(`${process.platform} ${process.arch}`);
  }
  const subject = subjectOf(given.variant);
  if (!(await works(signal, 'g++', '--version'))) throw tensorflowNoCompiler();
  if (!(await works(signal, 'python3', '--version'))) throw noPython(subject);
  if (given.variant === 'gpu' && !(await works(signal, 'nvidia-smi', '-L')))
    throw tensorflowNoGraphics('there is no NVIDIA driver');
  if (given.wheel !== null) {
    if (!existsSync(given.wheel)) throw fileMissing(given.wheel);
    checkWheelName(given.wheel, given.variant);
  }
  const asksPip = given.wheel === null || releases[given.variant].libraries.length > 0;
  if (asksPip && !(await works(signal, 'python3', '-m', 'pip', '--version'))) throw noPip(subject);
  const { package: sources, headers = null } = given;
  const packages = [
    { wanted: tfjsPackage, file: sources, isNeeded: true, option: '--package' },
    { wanted: headersPackage, file: headers, isNeeded: headersBesideNode() === undefined, option: '--headers' },
  ];
  const hasNpm = await works(signal, 'npm', '--version');
  const missing = packages.find(({ file, isNeeded }) => file === null && isNeeded && !hasNpm);
  if (missing !== undefined) {
    throw tensorflowNoNpm(`${missing.wanted.name}@${missing.wanted.version}`, missing.option);
  }
  for (const { wanted, file } of packages) {
    if (file === null) continue;
    if (!existsSync(file)) throw fileMissing(file);
    await checkPackage(file, wanted);
  }
  await checkSpace(subject, releases[given.variant].neededBytes, folder);
}
