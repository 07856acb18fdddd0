import { readdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { SetUpNews } from '../../../run/setUp';
import type { TensorflowOutcome, TensorflowSetUp } from '../../../run/tensorflow';
import { removeFolderAtomically, replaceFolderAtomically } from '../../formats/atomicFile';
import { tensorflowNotBuilt } from '../../runtime/tensorflow/failures';
import { bindingName, noteName, tensorflowFolder } from '../../runtime/tensorflow/place';
import { folderBytes } from '../folderBytes';
import { runProgram } from '../setUp/program';
import type { Site, ToldSite } from '../setUp/site';
import { checkBeforehand } from './beforehand';
import type { GivenFiles } from './beforehand';
import { addSources, addTensorflow, nodeHeaders, tfjsPackage } from './ingredients';
import { tensorflowVersion } from './releases';
import { tryTensorflow } from './trial';

export interface SetUpOptions extends GivenFiles {
  readonly signal: AbortSignal;
  readonly onNews: (news: SetUpNews) => void;
  /** Where it is set up; the user's cache folder if left out. */
  readonly folder?: string;
}

/**
 * Fetches TensorFlow and the sources of tfjs-node's binding, builds the binding, checks it with a training step, and puts
 * both in place at once: what was there before stays until then, and nothing is left behind by a failure or a stop.
 * @throws Failure `tensorflow-…`, `file-missing`
 */
export async function setUpTensorflow(options: SetUpOptions): Promise<TensorflowOutcome> {
  const { signal, variant, folder = tensorflowFolder() } = options;
  try {
    await checkBeforehand(options, folder, signal);
    let size = Infinity;
    await replaceFolderAtomically(folder, async (place) => {
      size = await build({ folder: place, signal, onNews: options.onNews }, options);
      signal.throwIfAborted();
    });
    const bytes = await folderBytes(folder);
    const done: TensorflowSetUp = { folder, tensorflow: tensorflowVersion, variant, bytes, difference: size };
    return { outcome: 'finished', set_up: done };
  } catch (error) {
    if (signal.aborted && error === signal.reason) return { outcome: 'cancelled' };
    throw error;
  }
}

/** Makes the whole folder; gives how far its numbers are from the reference runtime's. */
async function build(
  site: ToldSite,
  { wheel, package: given, headers: own = null, variant }: SetUpOptions,
): Promise<number> {
  const step = (words: string): void => site.onNews({ type: 'step', step: words });
  await addTensorflow(site, variant, wheel);
  step(`${given === null ? 'Fetching' : 'Unpacking'} ${tfjsPackage.name} ${tfjsPackage.version}`);
  await addSources(site, given);
  const headers = await nodeHeaders(site, own);
  step('Compiling the binding');
  await compile(site, headers);
  step('Checking the numbers of a training step');
  const { folder, signal } = site;
  const far = await tryTensorflow({ binding: path.join(folder, bindingName), gpu: variant === 'gpu', signal });
  await keepOnly(folder, [bindingName, 'lib', 'nvidia']);
  const about = { tensorflow: tensorflowVersion, variant, package: `${tfjsPackage.name}@${tfjsPackage.version}` };
  await writeFile(path.join(folder, noteName), `${JSON.stringify(about, null, 2)}\n`);
  return far;
}

/** Removes what was set up, and says whether there was something. */
export function removeTensorflow(folder = tensorflowFolder()): Promise<boolean> {
  return removeFolderAtomically(folder);
}

async function compile({ folder, signal }: Site, headers: string): Promise<void> {
  const sources = ['tfjs_backend.cc', 'tfjs_binding.cc'].map((name) => path.join('package', 'binding', name));
  const includes = [headers, 'include', 'package'].flatMap((place) => ['-I', place]);
  const libraries = ['-Llib', '-l:libtensorflow_cc.so.2', '-l:libtensorflow_framework.so.2'];
  const ended = await runProgram(
    'g++',
    // The libraries are found beside the binding, wherever its folder lies.
    ['-std=c++17', '-O2', '-fPIC', '-shared', '-w', '-DNAPI_VERSION=8', ...includes, ...sources, '-o', bindingName]
      .concat(libraries)
      .concat(['-Wl,-rpath,$ORIGIN/lib']),
    { cwd: folder, signal, env: { TMPDIR: folder } },
  );
  if (ended?.code !== 0) throw tensorflowNotBuilt(ended?.said ?? 'g++ is gone');
}

async function keepOnly(folder: string, names: readonly string[]): Promise<void> {
  for (const name of await readdir(folder)) {
    if (!names.includes(name)) await rm(path.join(folder, name), { recursive: true });
  }
}
