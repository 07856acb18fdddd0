import type { TensorflowVariant } from '../../../run/tensorflow';
import { fileWrong } from '../setUp/failures';
import type { Site } from '../setUp/site';
import { isLinuxOnX64, noName, plainName, readTags, tagsOfName } from '../setUp/wheelTags';
import type { WheelTags } from '../setUp/wheelTags';
import { howToFetch, releases, subjectOf, tensorflowVersion } from './releases';

/** Those that the release was made for. */
const pythons = /^cp3(9|10|11)$/;

/**
 * Whether a file's name is that of a wheel that can be used, before anything is done with it.
 * @throws Failure `tensorflow-file-wrong`
 */
export function checkWheelName(file: string, variant: TensorflowVariant): void {
  const tags = tagsOfName(file);
  if (tags === undefined) throw wrong(file, variant, noName(file));
  judge(tags, file, variant);
}

/**
 * Whether a wheel's own files say what its name says: a file can be renamed.
 * @throws Failure `tensorflow-file-wrong`
 */
export async function checkWheel(site: Site, file: string, variant: TensorflowVariant): Promise<void> {
  const tags = await readTags(site, file);
  if ('damage' in tags) throw wrong(file, variant, tags.damage);
  judge(tags, file, variant);
}

function judge({ name, version, python, platform }: WheelTags, file: string, variant: TensorflowVariant): void {
  const plain = plainName(name);
  const known = variant === 'cpu' ? ['tensorflow', 'tensorflow_cpu'] : ['tensorflow'];
  if (!known.includes(plain)) {
    const what =
      plain === 'tensorflow_cpu' ? 'a wheel of tensorflow_cpu, which cannot use graphics cards' : `a wheel of ${name}`;
    throw wrong(file, variant, `it is ${what}, and ${releases[variant].package} is needed`);
  }
  if (version !== tensorflowVersion) {
    throw wrong(file, variant, `it is TensorFlow ${version}, and ${tensorflowVersion} is needed`);
  }
  if (!isLinuxOnX64(platform)) {
    throw wrong(file, variant, `it was made for ${platform}, and a wheel for Linux on x64 is needed`);
  }
  if (!pythons.test(python)) {
    throw wrong(file, variant, `it was made for the Python ${python}, and one for cp39, cp310 or cp311 is needed`);
  }
}

export function wrong(file: string, variant: TensorflowVariant, detail: string): Error {
  return fileWrong(subjectOf(variant), file, detail, howToFetch(variant));
}
