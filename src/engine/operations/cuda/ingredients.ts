import { copyFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { formatBytes } from '../../../run/format';
import { coreLibrary, onnxPackage } from '../../runtime/onnx/cuda/place';
import { fetchWheels } from '../setUp/fetchWheels';
import type { ToldSite } from '../setUp/site';
import { plainName } from '../setUp/wheelTags';
import { isFolder } from './beforehand';
import {
  downloadBytes,
  howToFetch,
  libraryBytes,
  nvidiaWheels,
  onnxWheel,
  pipTarget,
  requirementOf,
  subject,
} from './releases';
import type { CudaWheel } from './releases';
import { unpack } from './unpack';
import { checkWheel } from './wheel';

/** Puts ONNX Runtime's library, its provider and NVIDIA's libraries into the site. @throws Failure `cuda-…` */
export async function addLibraries(site: ToldSite, given: string | null): Promise<void> {
  await copyFile(path.join(onnxPackage().native, coreLibrary), path.join(site.folder, coreLibrary));
  const own = given !== null && !isFolder(given) ? given : undefined;
  // Before a gigabyte is fetched for a file that is no use.
  if (own !== undefined) await checkWheel(site, own);
  const wheels = own === undefined ? [onnxWheel, ...nvidiaWheels] : nvidiaWheels;
  const fetched = await fetchAll(site, wheels, own === undefined ? given : null);
  site.onNews({ type: 'step', step: 'Unpacking the libraries' });
  if (own !== undefined) await unpack(site, onnxWheel.files, own);
  for (const wheel of wheels) {
    const file = fetched.find((each) => path.basename(each).startsWith(`${plainName(wheel.name)}-${wheel.version}-`));
    if (file === undefined) throw new Error(`pip fetched ${fetched.join(', ')}, and no ${wheel.name}`);
    await unpack(site, wheel.files, file);
    // Not all of them twice on the disk.
    await rm(file);
  }
  await rm(path.join(site.folder, 'download'), { recursive: true, force: true });
}

/** All of these wheels, with the checksums that they must have; from pip's index or a folder. */
function fetchAll(site: ToldSite, wheels: readonly CudaWheel[], folder: string | null): Promise<readonly string[]> {
  const totalBytes = wheels.includes(onnxWheel) ? downloadBytes : libraryBytes;
  const what = wheels.includes(onnxWheel) ? "ONNX Runtime's provider and NVIDIA's libraries" : "NVIDIA's libraries";
  site.onNews({
    type: 'step',
    step: `${folder === null ? 'Fetching' : 'Copying'} ${what} (${formatBytes(totalBytes)})`,
  });
  return fetchWheels(site, subject, {
    requirements: wheels.map((wheel) => `${requirementOf(wheel)} --hash=sha256:${wheel.sha256}`),
    target: pipTarget,
    totalBytes,
    ...(folder === null ? {} : { from: { folder, howToFetch: howToFetch(wheels) } }),
  });
}
