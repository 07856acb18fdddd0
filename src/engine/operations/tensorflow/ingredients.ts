import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { copyFile, mkdir, readFile, readdir } from 'node:fs/promises';
import path from 'node:path';
import { fileMissing } from '../../formats/failures';
import {
  tensorflowFileWrong,
  tensorflowNoCompiler,
  tensorflowNoNpm,
  tensorflowNoPip,
  tensorflowNoPython,
  tensorflowNotDownloaded,
} from '../../runtime/tensorflow/failures';
import { runProgram } from './program';

/** The release whose libraries and headers are used, and which platforms' wheels hold them. */
export const tensorflowVersion = '2.15.1';
const wheelTags = ['--platform', 'manylinux_2_17_x86_64', '--platform', 'manylinux2014_x86_64'];
/** Any Python's wheel holds the same libraries; this one fits the newest Python that the release was made for. */
const wheelPython = ['--python-version', '3.11', '--implementation', 'cp', '--abi', 'cp311'];

interface NpmPackage {
  readonly name: string;
  readonly version: string;
  /** As npm's registry states it. */
  readonly integrity: string;
}

export const tfjsPackage: NpmPackage = {
  name: '@tensorflow/tfjs-node-gpu',
  version: '4.22.0',
  integrity: 'sha512-p//NN6DGiN4hInUmIkRffaFVMcdTREUMjPyjW04J7OXvB2zBlQimj61eFKSgRrH3f5TnOfKzb0n56he/B6a4bw==',
};
const headersPackage: NpmPackage = {
  name: 'node-api-headers',
  version: '1.5.0',
  integrity: 'sha512-Yi/FgnN8IU/Cd6KeLxyHkylBUvDTsSScT0Tna2zTrz8klmc8qF2ppj6Q1LHsmOueJWhigQwR4cO2p0XBGW5IaQ==',
};

/** Where the parts come together. */
export interface Site {
  readonly folder: string;
  readonly signal: AbortSignal;
}

/** Of TensorFlow's wheel what a program needs to be linked with it; written to lib/ and include/ of the current folder. */
const unpacking = `
import os, sys, zipfile
wheel = zipfile.ZipFile(sys.argv[1])
wanted = ('tensorflow/libtensorflow_', 'tensorflow/include/tensorflow/c/', 'tensorflow/include/tensorflow/core/platform/',
          'tensorflow/include/tsl/c/', 'tensorflow/include/tsl/platform/')
for name in wheel.namelist():
    if name.startswith(wanted) and '..' not in name:
        wheel.extract(name, 'wheel')
os.mkdir('lib')
for name in ('libtensorflow_cc.so.2', 'libtensorflow_framework.so.2'):
    os.rename('wheel/tensorflow/' + name, 'lib/' + name)
os.rename('wheel/tensorflow/include', 'include')
`;

export interface GivenFiles {
  /** TensorFlow's wheel on disk; else pip fetches it. */
  readonly wheel?: string | undefined;
  /** The package of tfjs-node-gpu on disk, as `npm pack` writes it; else npm fetches it. */
  readonly package?: string | undefined;
}

/**
 * Finds out before anything is fetched what would be missing in the end.
 * @throws Failure `tensorflow-…`, `file-missing`
 */
export async function checkBeforehand(given: GivenFiles, signal: AbortSignal): Promise<void> {
  const works = async (name: string, ...options: string[]): Promise<boolean> => {
    return (await runProgram(name, options, { signal }))?.code === 0;
  };
  if (!(await works('g++', '--version'))) throw tensorflowNoCompiler();
  if (!(await works('python3', '--version'))) throw tensorflowNoPython();
  if (given.wheel === undefined) {
    if (!(await works('python3', '-m', 'pip', '--version'))) throw tensorflowNoPip();
  } else {
    if (!existsSync(given.wheel)) throw fileMissing(given.wheel);
    if (!wheelName.test(path.basename(given.wheel))) {
      const wanted = `it should be a wheel of TensorFlow ${tensorflowVersion} for Linux on x64`;
      throw tensorflowFileWrong(given.wheel, wanted, fetchWheel);
    }
  }
  if (given.package !== undefined) {
    if (!existsSync(given.package)) throw fileMissing(given.package);
    await checkIntegrity(given.package, tfjsPackage);
  }
}

/** Puts TensorFlow's libraries into lib/ and its headers into include/. @throws Failure `tensorflow-…` */
export async function addTensorflow(site: Site, given: string | undefined): Promise<void> {
  const wheel = given ?? (await downloadWheel(site));
  const unpacked = await runProgram('python3', ['-c', unpacking, wheel], { ...site, cwd: site.folder });
  if (unpacked?.code !== 0) throw tensorflowFileWrong(wheel, unpacked?.said ?? 'it cannot be unpacked', fetchWheel);
}

const wheelName = new RegExp(`^tensorflow(_cpu)?-${tensorflowVersion.replaceAll('.', '\\.')}-.*x86_64\\.whl$`);
const fetchWheel =
  `\`pip download tensorflow==${tensorflowVersion} --no-deps --only-binary=:all: ` +
  `${[...wheelPython, ...wheelTags].join(' ')}\` fetches it.`;

async function downloadWheel(site: Site): Promise<string> {
  const downloads = path.join(site.folder, 'download');
  const wanted = [`tensorflow==${tensorflowVersion}`, '--no-deps', '--only-binary=:all:', ...wheelPython, ...wheelTags];
  const pip = await runProgram(
    'python3',
    ['-m', 'pip', 'download', '--disable-pip-version-check', '--dest', downloads, ...wanted],
    site,
  );
  if (pip?.code !== 0) throw tensorflowNotDownloaded('TensorFlow', pip?.said ?? '', '--wheel');
  const [name] = await readdir(downloads);
  return path.join(downloads, name!);
}

/** Puts the binding's sources into package/. @throws Failure `tensorflow-…` */
export async function addSources(site: Site, given: string | undefined): Promise<void> {
  await addPackage(site, tfjsPackage, 'package', given, '--package');
}

/** The folder of Node's headers: beside Node where it brings them, else from npm. @throws Failure `tensorflow-…` */
export async function nodeHeaders(site: Site): Promise<string> {
  const beside = path.resolve(process.execPath, '../../include/node');
  if (existsSync(path.join(beside, 'node_api.h'))) return beside;
  await addPackage(site, headersPackage, 'headers', undefined, undefined);
  return path.join(site.folder, 'headers', 'include');
}

async function addPackage(
  site: Site,
  wanted: NpmPackage,
  target: string,
  given: string | undefined,
  option: string | undefined,
): Promise<void> {
  const { folder } = site;
  const archive = path.join(folder, `${target}.tgz`);
  if (given === undefined) await download(site, `${wanted.name}@${wanted.version}`, archive, option);
  else await copyFile(given, archive);
  await checkIntegrity(archive, wanted);
  await mkdir(path.join(folder, target));
  const tar = ['-xzf', archive, '-C', path.join(folder, target), '--strip-components=1'];
  const unpacked = await runProgram('tar', tar, site);
  if (unpacked?.code !== 0) throw tensorflowFileWrong(archive, unpacked?.said ?? 'there is no `tar`', 'Try again.');
}

/** @throws Failure `tensorflow-file-wrong` */
async function checkIntegrity(file: string, { name, version, integrity }: NpmPackage): Promise<void> {
  const found = `sha512-${createHash('sha512')
    .update(await readFile(file))
    .digest('base64')}`;
  if (found === integrity) return;
  const fetchIt = `\`npm pack ${name}@${version}\` fetches it.`;
  throw tensorflowFileWrong(file, `its checksum is not that of ${name} ${version}`, fetchIt);
}

async function download(site: Site, wanted: string, archive: string, option: string | undefined): Promise<void> {
  const folder = `${archive}.download`;
  await mkdir(folder);
  // Nothing of the package runs: it is only fetched.
  const npm = await runProgram('npm', ['pack', wanted, '--ignore-scripts', '--pack-destination', folder], {
    ...site,
    cwd: folder,
  });
  if (npm === undefined) throw tensorflowNoNpm(wanted);
  const [name] = await readdir(folder);
  if (npm.code !== 0 || name === undefined) throw tensorflowNotDownloaded(wanted, npm.said, option);
  await copyFile(path.join(folder, name), archive);
}
