import { mkdir, readdir } from 'node:fs/promises';
import path from 'node:path';
import type { TensorflowVariant } from '../../../run/tensorflow';
import {
  tensorflowDiskFull,
  tensorflowNoPip,
  tensorflowNotOffered,
  tensorflowWheelNotDownloaded,
} from '../../runtime/tensorflow/failures';
import { pipTarget } from './releases';
import { runProgram } from './program';
import { tellingBytes } from './site';
import type { ToldSite } from './site';

/** What pip prints where nothing answers; it says so before it tries again. */
const noConnection =
  /NewConnectionError|connection broken|ConnectTimeout|ReadTimeout|timed out|name resolution|Network is unreachable|Max retries|SSLError|ProxyError/i;

/**
 * Has pip fetch wheels into a folder of the site; gives their paths. Its own temporary files and its cache would stay behind
 * elsewhere, so that it gets a place here and no cache.
 * @throws Failure `tensorflow-…`
 */
export async function fetchWheels(
  site: ToldSite,
  wanted: readonly string[],
  { variant, totalBytes }: { readonly variant: TensorflowVariant; readonly totalBytes: number },
): Promise<readonly string[]> {
  const downloads = path.join(site.folder, 'download');
  const temporary = path.join(downloads, 'unfinished');
  await mkdir(temporary, { recursive: true });
  const options = [
    '--disable-pip-version-check',
    '--no-cache-dir',
    '--no-input',
    '--dest',
    downloads,
    '--no-deps',
    '--retries',
    '3',
  ];
  const pip = await tellingBytes(downloads, totalBytes, site.onNews, () =>
    runProgram('python3', ['-m', 'pip', 'download', ...options, ...pipTarget, ...wanted], {
      signal: site.signal,
      env: { TMPDIR: temporary, PIP_PROGRESS_BAR: 'off' },
    }),
  );
  const all = `${pip?.stdout ?? ''}\n${pip?.stderr ?? ''}`;
  if (pip?.code !== 0) throw failureOf(wanted[0]!, pip?.said, all, variant === 'gpu');
  return (await readdir(downloads)).filter((name) => name.endsWith('.whl')).map((name) => path.join(downloads, name));
}

function failureOf(first: string, said: string | undefined, all: string, isForCard: boolean): Error {
  if (said === undefined || all.includes('No module named pip')) return tensorflowNoPip(isForCard);
  if (/No space left|Errno 28|Disk quota/i.test(all)) return tensorflowDiskFull();
  // Of several it gives up at the first one that it does not get.
  const wanted = /satisfies the requirement (\S+)/.exec(all)?.[1] ?? first;
  const knowsOthers = /from versions: (?!none)/.test(all);
  if (noConnection.test(all) && !knowsOthers) {
    return tensorflowWheelNotDownloaded(wanted, 'there is no connection to the index that pip uses', isForCard);
  }
  if (/No matching distribution|Could not find a version/i.test(all)) return tensorflowNotOffered(wanted, isForCard);
  return tensorflowWheelNotDownloaded(wanted, said.replace(/^ERROR: /, ''), isForCard);
}
