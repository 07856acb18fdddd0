import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { copyFile, mkdir, readFile, readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { formatBytes } from '../../../run/format';
import type { TensorflowVariant } from '../../../run/tensorflow';
import { tensorflowNoNpm } from '../../runtime/tensorflow/failures';
import { diskFull, fileWrong, notDownloaded } from '../setUp/failures';
import { fetchWheels } from '../setUp/fetchWheels';
import { runProgram } from '../setUp/program';
import type { Site, ToldSite } from '../setUp/site';
import { damage, saysDiskFull } from '../setUp/wheelTags';
import { pipTarget, releases, subjectOf, tensorflowVersion } from './releases';
import { checkWheel, wrong } from './wheel';

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
export const headersPackage: NpmPackage = {
  name: 'node-api-headers',
  version: '1.5.0',
  integrity: 'sha512-Yi/FgnN8IU/Cd6KeLxyHkylBUvDTsSScT0Tna2zTrz8klmc8qF2ppj6Q1LHsmOueJWhigQwR4cO2p0XBGW5IaQ==',
};

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

/** The libraries of NVIDIA's wheels, where TensorFlow's own look for them: nvidia/NAME/lib beside lib/. */
const unpackingLibraries = `
import os, sys, zipfile
for file in sys.argv[1:]:
    wheel = zipfile.ZipFile(file)
    for name in wheel.namelist():
        if name.startswith('nvidia/') and '/lib/' in name and '..' not in name:
            wheel.extract(name, '.')
    os.remove(file)
`;

/** Puts TensorFlow's libraries into lib/ and nvidia/, its headers into include/. @throws Failure `tensorflow-…` */
export async function addTensorflow(site: ToldSite, variant: TensorflowVariant, given: string | null): Promise<void> {
  const { package: name, libraries, downloadBytes, libraryBytes } = releases[variant];
  // Before gigabytes are fetched for a file that is no use.
  if (given !== null) await checkWheel(site, given, variant);
  const own = given === null ? [`${name}==${tensorflowVersion}`] : [];
  const wanted = [...own, ...libraries];
  const totalBytes = given === null ? downloadBytes : libraryBytes;
  if (wanted.length > 0) {
    const what = given === null ? `TensorFlow ${tensorflowVersion}` : "NVIDIA's libraries";
    step(site, `Fetching ${what} (${formatBytes(totalBytes)})`);
  }
  const fetched =
    wanted.length === 0
      ? []
      : await fetchWheels(site, subjectOf(variant), { requirements: wanted, target: pipTarget, totalBytes });
  const wheel = given ?? fetched.find((file) => path.basename(file).startsWith(`${name}-`));
  if (wheel === undefined) throw new Error(`pip fetched ${fetched.join(', ')}, and no ${name}`);
  if (given === null) await checkWheel(site, wheel, variant);
  step(site, 'Unpacking TensorFlow');
  await unpack(site, unpacking, [wheel], variant);
  if (libraries.length > 0) {
    await unpack(
      site,
      unpackingLibraries,
      fetched.filter((file) => file !== wheel),
      variant,
    );
  }
  await rm(path.join(site.folder, 'download'), { recursive: true, force: true });
}

/** One step of a set-up, in words. */
function step(site: ToldSite, words: string): void {
  site.onNews({ type: 'step', step: words });
}

async function unpack(site: Site, code: string, wheels: readonly string[], variant: TensorflowVariant): Promise<void> {
  const unpacked = await runProgram('python3', ['-c', code, ...wheels], { ...site, cwd: site.folder });
  if (unpacked?.code === 0) return;
  if (saysDiskFull(unpacked?.stderr ?? '')) throw diskFull(subjectOf(variant));
  throw wrong(wheels[0]!, variant, damage(unpacked?.said ?? 'python3 is gone'));
}

/** Puts the binding's sources into package/. @throws Failure `tensorflow-…` */
export async function addSources(site: Site, given: string | null): Promise<void> {
  await addPackage(site, tfjsPackage, 'package', given, '--package');
}

/** The folder of Node's headers: beside Node where it brings them, else those given, else npm's. @throws Failure `tensorflow-…` */
export async function nodeHeaders(site: Site, given: string | null): Promise<string> {
  const beside = given === null ? headersBesideNode() : undefined;
  if (beside !== undefined) return beside;
  await addPackage(site, headersPackage, 'headers', given, '--headers');
  return path.join(site.folder, 'headers', 'include');
}

/** Where Node brings its headers; many systems' Node has none, and neither has VS Code's. */
export function headersBesideNode(): string | undefined {
  const beside = path.resolve(process.execPath, '../../include/node');
  return existsSync(path.join(beside, 'node_api.h')) ? beside : undefined;
}

async function addPackage(
  site: Site,
  wanted: NpmPackage,
  target: string,
  given: string | null,
  option: string,
): Promise<void> {
  const { folder } = site;
  const archive = path.join(folder, `${target}.tgz`);
  if (given === null) await download(site, `${wanted.name}@${wanted.version}`, archive, option);
  else await copyFile(given, archive);
  await checkPackage(archive, wanted);
  await mkdir(path.join(folder, target));
  const tar = ['-xzf', archive, '-C', path.join(folder, target), '--strip-components=1'];
  const unpacked = await runProgram('tar', tar, site);
  if (unpacked?.code !== 0)
    throw fileWrong(subjectOf('cpu'), archive, unpacked?.said ?? 'there is no `tar`', 'Try again.');
}

/** @throws Failure `tensorflow-file-wrong` */
export async function checkPackage(file: string, { name, version, integrity }: NpmPackage): Promise<void> {
  const found = `sha512-${createHash('sha512')
    .update(await readFile(file))
    .digest('base64')}`;
  if (found === integrity) return;
  const fetchIt = `\`npm pack ${name}@${version}\` fetches it.`;
  throw fileWrong(subjectOf('cpu'), file, `its checksum is not that of ${name} ${version}`, fetchIt);
}

async function download(site: Site, wanted: string, archive: string, option: string): Promise<void> {
  const folder = `${archive}.download`;
  await mkdir(folder);
  // Nothing of the package runs: it is only fetched.
  const npm = await runProgram('npm', ['pack', wanted, '--ignore-scripts', '--pack-destination', folder], {
    ...site,
    cwd: folder,
  });
  if (npm === undefined) throw tensorflowNoNpm(wanted, option);
  const [name] = await readdir(folder);
  if (npm.code !== 0 || name === undefined) {
    const fromDisk = `without a network take the file from disk (${option} FILE; \`npm pack ${wanted}\` writes it)`;
    throw notDownloaded(subjectOf('cpu'), wanted, npm.said, fromDisk);
  }
  await copyFile(path.join(folder, name), archive);
}
