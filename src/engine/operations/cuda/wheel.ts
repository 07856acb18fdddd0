import { fileWrong } from '../setUp/failures';
import type { Site } from '../setUp/site';
import { isLinuxOnX64, noName, plainName, readTags, tagsOfName } from '../setUp/wheelTags';
import type { WheelTags } from '../setUp/wheelTags';
import { howToFetch, onnxWheel, subject } from './releases';

/**
 * Whether a file's name is that of ONNX Runtime's wheel, before anything is done with it.
 * @throws Failure `cuda-file-wrong`
 */
export function checkWheelName(file: string): void {
  const tags = tagsOfName(file);
  if (tags === undefined) throw wrong(file, noName(file));
  judge(tags, file);
}

/**
 * Whether a wheel's own files say what its name says: a file can be renamed.
 * @throws Failure `cuda-file-wrong`
 */
export async function checkWheel(site: Site, file: string): Promise<void> {
  const tags = await readTags(site, file);
  if ('damage' in tags) throw wrong(file, tags.damage);
  judge(tags, file);
}

function judge({ name, version, platform }: WheelTags, file: string): void {
  if (plainName(name) !== plainName(onnxWheel.name)) {
    const what = plainName(name) === 'onnxruntime' ? 'onnxruntime, which holds nothing for graphics cards' : name;
    throw wrong(file, `it is a wheel of ${what}, and ${onnxWheel.name} is needed`);
  }
  if (version !== onnxWheel.version) {
    throw wrong(file, `it is ONNX Runtime ${version}, and ${onnxWheel.version} is needed, as in this program`);
  }
  if (!isLinuxOnX64(platform)) throw wrong(file, `it was made for ${platform}, and a wheel for Linux on x64 is needed`);
}

export function wrong(file: string, detail: string): Error {
  return fileWrong(subject, file, detail, howToFetch([onnxWheel]));
}
