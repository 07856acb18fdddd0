import path from 'node:path';
import { runProgram } from './program';
import type { Site } from './site';

/** The parts of a wheel's file name (PEP 427), and the same as its own files say them. */
export interface WheelTags {
  readonly name: string;
  readonly version: string;
  readonly python: string;
  readonly platform: string;
}

/** What a file's name says before anything is done with it; undefined where it is not the name of a wheel. */
export function tagsOfName(file: string): WheelTags | undefined {
  const parts = /^(.+)\.whl$/.exec(path.basename(file))?.[1]?.split('-') ?? [];
  const [name, version] = parts;
  const [python, , platform] = parts.slice(-3);
  if (parts.length < 5 || name === undefined || version === undefined || python === undefined || !platform) {
    return undefined;
  }
  return { name, version, python, platform };
}

/** Why the name of a file says nothing. */
export function noName(file: string): string {
  return `"${path.basename(file)}" is not the name of a wheel, which says package, version, Python and platform`;
}

/** What a wheel's own files say, as a file can be renamed; or how it is damaged, in words. */
export async function readTags(site: Site, file: string): Promise<WheelTags | { readonly damage: string }> {
  const read = await runProgram('python3', ['-c', reading, file], { ...site, cwd: site.folder });
  if (read?.code !== 0) return { damage: damage(read?.said ?? 'it cannot be read') };
  const lines = read.stdout.split('\n');
  const said = (key: string): string =>
    lines
      .find((line) => line.startsWith(`${key}: `))
      ?.slice(key.length + 2)
      .trim() ?? '';
  const [python = '', , platform = ''] = said('Tag').split('-');
  return { name: said('Name'), version: said('Version'), python, platform };
}

/** Whether a platform tag is that of Linux with an x64 processor. */
export function isLinuxOnX64(platform: string): boolean {
  return /manylinux.*x86_64/.test(platform);
}

/** Names as they are compared: `onnxruntime-gpu` and `onnxruntime_gpu` are the same package. */
export function plainName(name: string): string {
  return name.toLowerCase().replaceAll('-', '_');
}

/** Why a wheel could not be unpacked, in words. */
export function damage(said: string): string {
  if (/not a zip file|BadZipFile|bad magic|CRC|truncated|EOF/i.test(said))
    return 'it is damaged, or was not copied to its end';
  return `it cannot be unpacked (${said})`;
}

/** Whether a program said that the disk is full. */
export function saysDiskFull(said: string): boolean {
  return /No space left|Errno 28|Disk quota/i.test(said);
}

const reading = `
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
