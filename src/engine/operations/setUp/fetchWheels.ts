import { mkdir, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { diskFull, noPip, notDownloaded, notInFolder, notOffered } from './failures';
import type { Subject } from './failures';
import { runProgram } from './program';
import { tellingBytes } from './site';
import type { ToldSite } from './site';
import { saysDiskFull } from './wheelTags';

/** What pip is to fetch. */
export interface WantedWheels {
  /** As pip reads them: `name==version`, with `--hash=sha256:…` behind it where the file's checksum is known. */
  readonly requirements: readonly string[];
  /** pip's options that say for which Python and platform. */
  readonly target: readonly string[];
  /** How much it is. */
  readonly totalBytes: number;
  /** A folder of wheels, and nothing else; pip's index if left out. */
  readonly from?: { readonly folder: string; readonly howToFetch: string };
}

/** What pip prints where nothing answers; it says so before it tries again. */
const noConnection =
  /NewConnectionError|connection broken|ConnectTimeout|ReadTimeout|timed out|name resolution|Network is unreachable|Max retries|SSLError|ProxyError/i;

/**
 * Has pip fetch wheels into a folder of the site; gives their paths. Its own temporary files and its cache would stay behind
 * elsewhere, so that it gets a place here and no cache.
 * @throws Failure `…-no-pip`, `…-not-offered`, `…-not-downloaded`, `…-needs-space`
 */
export async function fetchWheels(
  site: ToldSite,
  subject: Subject,
  { requirements, target, totalBytes, from }: WantedWheels,
): Promise<readonly string[]> {
  const downloads = path.join(site.folder, 'download');
  const temporary = path.join(downloads, 'unfinished');
  await mkdir(temporary, { recursive: true });
  const list = path.join(downloads, 'requirements.txt');
  await writeFile(list, requirements.map((requirement) => `${requirement}\n`).join(''));
  const options = ['--disable-pip-version-check', '--no-cache-dir', '--no-input', '--no-deps', '--retries', '3'];
  const source = from === undefined ? [] : ['--no-index', '--find-links', from.folder];
  const pip = await tellingBytes(downloads, totalBytes, site.onNews, () =>
    runProgram(
      'python3',
      ['-m', 'pip', 'download', ...options, ...source, '--dest', downloads, ...target, '--requirement', list],
      { signal: site.signal, env: { TMPDIR: temporary, PIP_PROGRESS_BAR: 'off' } },
    ),
  );
  const all = `${pip?.stdout ?? ''}\n${pip?.stderr ?? ''}`;
  if (pip?.code !== 0) throw failureOf(subject, nameOf(requirements[0]!), pip?.said, all, from);
  return (await readdir(downloads)).filter((name) => name.endsWith('.whl')).map((name) => path.join(downloads, name));
}

function nameOf(requirement: string): string {
  return requirement.split(' ')[0]!;
}

function failureOf(
  subject: Subject,
  first: string,
  said: string | undefined,
  all: string,
  from: WantedWheels['from'],
): Error {
  if (said === undefined || all.includes('No module named pip')) return noPip(subject);
  if (saysDiskFull(all)) return diskFull(subject);
  if (all.includes('DO NOT MATCH THE HASHES')) {
    const damaged = /^\s+(\S+==\S+) from /m.exec(all)?.[1] ?? first;
    return notDownloaded(subject, damaged, 'what arrived has another checksum than it should');
  }
  // Of several it gives up at the first one that it does not get.
  const wanted = /satisfies the requirement (\S+)/.exec(all)?.[1] ?? first;
  if (from !== undefined) return notInFolder(subject, wanted, from.folder, from.howToFetch);
  const knowsOthers = /from versions: (?!none)/.test(all);
  if (noConnection.test(all) && !knowsOthers) {
    return notDownloaded(subject, wanted, 'there is no connection to the index that pip uses');
  }
  if (/No matching distribution|Could not find a version/i.test(all)) return notOffered(subject, wanted);
  return notDownloaded(subject, wanted, said.replace(/^ERROR: /, ''));
}
