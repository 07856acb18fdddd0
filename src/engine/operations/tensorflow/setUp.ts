import { readdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { removeFolderAtomically, replaceFolderAtomically } from '../../formats/atomicFile';
import { difference } from '../../devices/difference';
import { numbersStep, probeStep } from '../../devices/probeGraph';
import { ReferenceRuntime } from '../../runtime/reference/referenceRuntime';
import { tensorflowNotBuilt, tensorflowNotHere, tensorflowWrongNumbers } from '../../runtime/tensorflow/failures';
import { bindingName, tensorflowFolder } from '../../runtime/tensorflow/place';
import { TensorflowRuntime } from '../../runtime/tensorflow/tensorflowRuntime';
import { addSources, addTensorflow, checkBeforehand, nodeHeaders, tensorflowVersion, tfjsPackage } from './ingredients';
import type { GivenFiles, Site } from './ingredients';
import { runProgram } from './program';

export interface SetUpOptions extends GivenFiles {
  readonly signal: AbortSignal;
  /** Told what is being done, in a few words. */
  readonly onStep: (step: string) => void;
  /** Where it is set up; the user's cache folder if left out. */
  readonly folder?: string;
}

export interface SetUp {
  readonly folder: string;
  readonly tensorflow: string;
  /** How far the numbers of a small training step are from the reference runtime's, relative to their size. */
  readonly difference: number;
}

/** Float32 rounding of a whole step; a wrong kernel is off by far more. */
const tolerance = 1e-4;

/**
 * Fetches TensorFlow and the sources of tfjs-node's binding, builds the binding, checks it with a training step, and puts
 * both in place at once: what was there before stays until then, and nothing is left behind by a failure or a stop.
 * @throws Failure `tensorflow-…`, `file-missing`
 */
export async function setUpTensorflow(options: SetUpOptions): Promise<SetUp> {
  const { signal, folder = tensorflowFolder() } = options;
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw tensorflowNotHere(`${process.platform} ${process.arch}`);
  }
  await checkBeforehand(options, signal);
  let size = Infinity;
  await replaceFolderAtomically(folder, async (place) => {
    size = await build({ folder: place, signal }, options);
    signal.throwIfAborted();
  });
  return { folder, tensorflow: tensorflowVersion, difference: size };
}

/** Makes the whole folder; gives how far its numbers are from the reference runtime's. */
async function build(site: Site, { wheel, package: given, onStep }: SetUpOptions): Promise<number> {
  onStep(wheel === undefined ? `Fetching TensorFlow ${tensorflowVersion} (475 MB)` : 'Unpacking TensorFlow');
  await addTensorflow(site, wheel);
  onStep(`Fetching ${tfjsPackage.name} ${tfjsPackage.version}`);
  await addSources(site, given);
  const headers = await nodeHeaders(site);
  onStep('Compiling the binding');
  await compile(site, headers);
  onStep('Checking the numbers of a training step');
  const size = await check(path.join(site.folder, bindingName));
  await keepOnly(site.folder, [bindingName, 'lib']);
  const about = { tensorflow: tensorflowVersion, package: `${tfjsPackage.name}@${tfjsPackage.version}` };
  await writeFile(path.join(site.folder, 'setup.json'), `${JSON.stringify(about, null, 2)}\n`);
  return size;
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
    { cwd: folder, signal },
  );
  if (ended?.code !== 0) throw tensorflowNotBuilt(ended?.said ?? 'g++ is gone');
}

/** How far a small training step is from the reference runtime's. @throws Failure `tensorflow-…` */
async function check(binding: string): Promise<number> {
  const { graph, weights, inputs } = probeStep(numbersStep);
  const expected = await new ReferenceRuntime().compile(graph, weights);
  const executable = await new TensorflowRuntime({ binding, threads: 0, gpu: false }).compile(graph, weights);
  const { name, size } = difference(await executable.run(inputs), await expected.run(inputs));
  await executable.dispose();
  if (!(size < tolerance)) throw tensorflowWrongNumbers(name, size);
  return size;
}

async function keepOnly(folder: string, names: readonly string[]): Promise<void> {
  for (const name of await readdir(folder)) {
    if (!names.includes(name)) await rm(path.join(folder, name), { recursive: true });
  }
}
