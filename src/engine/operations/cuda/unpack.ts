import { diskFull } from '../setUp/failures';
import { runProgram } from '../setUp/program';
import type { Site } from '../setUp/site';
import { damage, saysDiskFull } from '../setUp/wheelTags';
import { subject } from './releases';
import { wrong } from './wheel';

/**
 * Takes files out of a wheel into the current folder: its arguments are the wheel, and the names of the files. Each must have the
 * checksum that the wheel itself states; one that has not is as damaged as one that the archive's own check finds.
 */
const unpacking = `
import base64, csv, hashlib, io, sys, zipfile
wheel = zipfile.ZipFile(sys.argv[1])
names = wheel.namelist()
record = next(name for name in names if name.endswith('.dist-info/RECORD'))
sums = {row[0]: row[1] for row in csv.reader(io.StringIO(wheel.read(record).decode('utf-8'))) if len(row) > 1}
for wanted in sys.argv[2:]:
    found = [name for name in names if name.split('/')[-1] == wanted]
    if not found:
        sys.exit('error: it does not hold ' + wanted)
    digest = hashlib.sha256()
    with wheel.open(found[0]) as source, open(wanted, 'wb') as target:
        while piece := source.read(1 << 22):
            digest.update(piece)
            target.write(piece)
    stated = 'sha256=' + base64.urlsafe_b64encode(digest.digest()).decode('ascii').rstrip('=')
    if sums.get(found[0]) != stated:
        sys.exit('error: CRC: ' + wanted + ' has another checksum than it states')
`;

/** Takes the files of these names out of a wheel, wherever they lie in it, into the site. @throws Failure `cuda-…` */
export async function unpack(site: Site, files: readonly string[], wheel: string): Promise<void> {
  const unpacked = await runProgram('python3', ['-c', unpacking, wheel, ...files], { ...site, cwd: site.folder });
  if (unpacked?.code === 0) return;
  if (saysDiskFull(unpacked?.stderr ?? '')) throw diskFull(subject);
  throw wrong(wheel, damage(unpacked?.said.replace(/^error: /, '') ?? 'python3 is gone'));
}
