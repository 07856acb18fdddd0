import path from 'node:path';
import type { TensorflowVariant } from '../../../run/tensorflow';
import { tensorflowFileWrong } from '../../runtime/tensorflow/failures';
import { howToFetch, releases, tensorflowVersion } from './releases';
import type { Site } from './site';
import { runProgram } from './program';

/** The parts of a wheel's file name (PEP 427), and the same as its own files say them. */
interface WheelTags {
  readonly name: string;
  readonly version: string;
  readonly python: string;
  readonly platform: string;
}

/** Those that the release was made for. */
const pythons = /^cp3(9|10|11)$/;

/**
 * Whether a file's name is that of a wheel that can be used, before anything is done with it.
 * @throws Failure `tensorflow-file-wrong`
 */
export function checkWheelName(file: string, variant: TensorflowVariant): void {
  const base = path.basename(file);
  const parts = /^(.+)\.whl$/.exec(base)?.[1]?.split('-') ?? [];
  const [name, version] = parts;
  const [python, , platform] = parts.slice(-3);
  if (parts.length < 5 || name === undefined || version === undefined || python === undefined || !platform) {
    throw wrong(
      file,
      variant,
      `"${base}" is not the name of a wheel, which says package, version, Python and platform`,
    );
  }
  judge({ name, version, python, platform }, file, variant);
}

/**
 * Whether a wheel's own files say what its name says: a file can be renamed.
 * @throws Failure `tensorflow-file-wrong`
 */
export async function checkWheel(site: Site, file: string, variant: TensorflowVariant): Promise<void> {
  const read = await runProgram('python3', ['-c', readTags, file], { ...site, cwd: site.folder });
  if (read?.code !== 0) throw wrong(file, variant, damage(read?.said ?? 'it cannot be read'));
  const lines = read.stdout.split('\n');
  const said = (key: string): string =>
    lines
      .find((line) => line.startsWith(`${key}: `))
      ?.slice(key.length + 2)
      .trim() ?? '';
  const [python = '', , platform = ''] = said('Tag').split('-');
  judge({ name: said('Name'), version: said('Version'), python, platform }, file, variant);
}

function judge({ name, version, python, platform }: WheelTags, file: string, variant: TensorflowVariant): void {
  const plain = name.toLowerCase().replaceAll('-', '_');
  const known = variant === 'cpu' ? ['tensorflow', 'tensorflow_cpu'] : ['tensorflow'];
  if (!known.includes(plain)) {
    const what =
      plain === 'tensorflow_cpu' ? 'a wheel of tensorflow_cpu, which cannot use graphics cards' : `a wheel of ${name}`;
    throw wrong(file, variant, `it is ${what}, and ${releases[variant].package} is needed`);
  }
  if (version !== tensorflowVersion) {
    throw wrong(file, variant, `it is TensorFlow ${version}, and ${tensorflowVersion} is needed`);
  }
  if (!/manylinux.*x86_64/.test(platform)) {
    throw wrong(file, variant, `it was made for ${platform}, and a wheel for Linux on x64 is needed`);
  }
  if (!pythons.test(python)) {
    throw wrong(file, variant, `it was made for the Python ${python}, and one for cp39, cp310 or cp311 is needed`);
  }
}

/** Why a wheel could not be unpacked, in words. */
export function damage(said: string): string {
  if (/not a zip file|BadZipFile|bad magic|CRC|truncated|EOF/i.test(said))
    return 'it is damaged, or was not copied to its end';
  return `it cannot be unpacked (${said})`;
}

export function wrong(file: string, variant: TensorflowVariant, detail: string): Error {
  return tensorflowFileWrong(file, detail, howToFetch(variant));
}

const readTags = `
import sys, zipfile
wheel = zipfile.ZipFile(sys.argv[1])
names = [name for name in wheel.namelist() if name.count('/') == 1 and '.dist-info/' in name]
for file, keys in (('METADATA', ('Name', 'Version')), ('WHEEL', ('Tag',))):
    for name in names:
        if name.endswith('/' + file):
            for line in wheel.read(name).decode('utf-8').split('\\n'):
                if line.strip() == '':
                    break
                if line.split(':')[0] in keys:
                    print(line.strip())
`;
