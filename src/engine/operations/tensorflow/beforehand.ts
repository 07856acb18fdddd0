import { existsSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import path from 'node:path';
import { formatBytes } from '../../../run/format';
import type { TensorflowRequest } from '../../../run/tensorflow';
import { fileMissing } from '../../formats/failures';
import {
  tensorflowNeedsSpace,
  tensorflowNoCompiler,
  tensorflowNoGraphics,
  tensorflowNoNpm,
  tensorflowNoPip,
  tensorflowNoPython,
  tensorflowNotHere,
} from '../../runtime/tensorflow/failures';
import { checkPackage, headersBesideNode, headersPackage, tfjsPackage } from './ingredients';
import { runProgram } from './program';
import { releases } from './releases';
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
  const works = async (name: string, ...options: string[]): Promise<boolean> => {
    return (await runProgram(name, options, { signal }))?.code === 0;
  };
  if (!(await works('g++', '--version'))) throw tensorflowNoCompiler();
  if (!(await works('python3', '--version'))) throw tensorflowNoPython();
  if (given.variant === 'gpu' && !(await works('nvidia-smi', '-L')))
    throw tensorflowNoGraphics('there is no NVIDIA driver');
  if (given.wheel !== null) {
    if (!existsSync(given.wheel)) throw fileMissing(given.wheel);
    checkWheelName(given.wheel, given.variant);
  }
  const asksPip = given.wheel === null || releases[given.variant].libraries.length > 0;
  if (asksPip && !(await works('python3', '-m', 'pip', '--version'))) throw tensorflowNoPip(given.variant === 'gpu');
  const { package: sources, headers = null } = given;
  const packages = [
    { wanted: tfjsPackage, file: sources, isNeeded: true, option: '--package' },
    { wanted: headersPackage, file: headers, isNeeded: headersBesideNode() === undefined, option: '--headers' },
  ];
  const hasNpm = await works('npm', '--version');
  const missing = packages.find(({ file, isNeeded }) => file === null && isNeeded && !hasNpm);
  if (missing !== undefined) {
    throw tensorflowNoNpm(`${missing.wanted.name}@${missing.wanted.version}`, missing.option);
  }
  for (const { wanted, file } of packages) {
    if (file === null) continue;
    if (!existsSync(file)) throw fileMissing(file);
    await checkPackage(file, wanted);
  }
  await checkSpace(releases[given.variant].neededBytes, folder);
}

/** @throws Failure `tensorflow-needs-space` */
async function checkSpace(needed: number, folder: string): Promise<void> {
  let there = path.resolve(folder);
  while (!existsSync(there)) there = path.dirname(there);
  const { bavail, bsize } = await statfs(there);
  const free = bavail * bsize;
  if (free < needed) throw tensorflowNeedsSpace(formatBytes(needed), formatBytes(free), folder);
}
