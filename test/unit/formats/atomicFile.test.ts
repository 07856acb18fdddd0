import assert from 'node:assert/strict';
import { chmod, mkdir, open, readFile, readdir, rename, stat, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, test } from 'node:test';
import {
  checkFolderWritable,
  makeFolders,
  recoverFolder,
  removeFolderAtomically,
  replaceFolderAtomically,
  writeFileAtomically,
} from '../../../src/engine/formats/atomicFile';
import type { Replacement } from '../../../src/engine/formats/atomicFile';
import { outputUnwritable } from '../../../src/engine/formats/failures';
import { failsWith, scratchFolder } from './scratch';

/** Above every process id that Linux, macOS or Windows hands out here, so nobody lives there. */
const deadProcess = 2 ** 30;
const someId = '00000000-0000-4000-8000-000000000000';

const replacement: Replacement = { kind: 'box', marker: 'box.json', keep: (entry) => entry !== 'old.bin' };

function fillWith(files: Readonly<Record<string, string>>): (folder: string) => Promise<void> {
  return async (folder) => {
    for (const [name, text] of Object.entries(files)) await writeFile(path.join(folder, name), text);
  };
}

describe('removeFolderAtomically', () => {
  test('says what cannot be removed', { skip: process.platform === 'linux' ? false : 'needs /proc' }, async () => {
    await failsWith('output-unwritable', removeFolderAtomically('/proc/tty'));
  });
});

describe('writeFileAtomically', () => {
  test('writes text, bytes, or piece by piece, and makes the folders on the way', async (t) => {
    const folder = path.join(await scratchFolder(t), 'a', 'b');
    await writeFileAtomically(path.join(folder, 'text'), 'größer');
    await writeFileAtomically(path.join(folder, 'bytes'), Uint8Array.of(1, 2, 3));
    await writeFileAtomically(path.join(folder, 'pieces'), async (write) => {
      await write('one ');
      await write(Buffer.from('two'));
    });
    assert.equal(await readFile(path.join(folder, 'text'), 'utf8'), 'größer');
    assert.deepEqual([...(await readFile(path.join(folder, 'bytes')))], [1, 2, 3]);
    assert.equal(await readFile(path.join(folder, 'pieces'), 'utf8'), 'one two');
    assert.deepEqual((await readdir(folder)).sort(), ['bytes', 'pieces', 'text']);
  });

  test('keeps the old content when the writer fails half way, and leaves nothing behind', async (t) => {
    const folder = await scratchFolder(t);
    const file = path.join(folder, 'state.json');
    await writeFileAtomically(file, 'old');
    const interrupted = writeFileAtomically(file, async (write) => {
      await write('ne');
      throw new Error('interrupted');
    });
    await assert.rejects(interrupted, /interrupted/);
    assert.equal(await readFile(file, 'utf8'), 'old');
    assert.deepEqual(await readdir(folder), ['state.json']);
  });

  test('lets a reader that opened the old file read it to its end', async (t) => {
    const file = path.join(await scratchFolder(t), 'state.json');
    await writeFileAtomically(file, 'old');
    const reader = await open(file);
    await writeFileAtomically(file, 'new');
    assert.equal(await reader.readFile('utf8'), 'old');
    await reader.close();
    assert.equal(await readFile(file, 'utf8'), 'new');
  });

  test('writes through a link', async (t) => {
    const folder = await scratchFolder(t);
    await writeFile(path.join(folder, 'real'), 'old');
    await symlink('real', path.join(folder, 'link'));
    await writeFileAtomically(path.join(folder, 'link'), 'new');
    assert.equal(await readFile(path.join(folder, 'real'), 'utf8'), 'new');
  });

  test('removes what a killed process left of the same file, not what a living one is writing', async (t) => {
    const folder = await scratchFolder(t);
    const dead = `.a.writing.${deadProcess}.${someId}`;
    const living = `.a.writing.${process.pid}.${someId}`;
    const other = `.ab.writing.${deadProcess}.${someId}`;
    for (const name of [dead, living, other, '.a.writing.mine']) await writeFile(path.join(folder, name), '');
    await writeFileAtomically(path.join(folder, 'a'), 'new');
    assert.deepEqual((await readdir(folder)).sort(), [living, other, '.a.writing.mine', 'a'].sort());
  });

  test('fails clearly where a file lies in the place of a folder', async (t) => {
    const folder = await scratchFolder(t);
    await writeFile(path.join(folder, 'file'), '');
    const failure = await failsWith('output-not-a-folder', writeFileAtomically(path.join(folder, 'file', 'x'), ''));
    assert.equal(failure.exitCode, 1);
    assert.match(failure.message, /file.x/);
  });

  test('fails clearly where a folder has the name', async (t) => {
    await failsWith('output-is-a-folder', writeFileAtomically(await scratchFolder(t), ''));
  });

  test(
    'fails clearly where nobody may write',
    { skip: process.platform === 'linux' ? false : 'needs /proc' },
    async () => {
      const failure = await failsWith('output-unwritable', writeFileAtomically('/proc/here/x', ''));
      assert.doesNotMatch(failure.message, /\bE[A-Z]{3,}\b/);
    },
  );

  test(
    'says that the disk is full, with exit code 3',
    { skip: process.platform === 'linux' ? false : 'needs /dev/full' },
    async (t) => {
      const file = path.join(await scratchFolder(t), 'x');
      const failing = writeFileAtomically(file, () => writeFile('/dev/full', 'x'));
      assert.equal((await failsWith('disk-full', failing)).exitCode, 3);
    },
  );

  for (const [code, says] of [
    ['EACCES', /permission/],
    ['EROFS', /read-only/],
    ['ENOENT', /: the system lets nothing be made in that place\.$/],
    ['EWEIRD', /\(system code EWEIRD\)\.$/],
  ] as const) {
    test(`explains ${code}`, () => {
      const failure = outputUnwritable('out', Object.assign(new Error('no'), { code }));
      assert.equal(failure.code, 'output-unwritable');
      assert.match(failure.message, says);
    });
  }
});

describe('replaceFolderAtomically', () => {
  test('makes a folder, then replaces it as a whole', async (t) => {
    const folder = path.join(await scratchFolder(t), 'runs', 'step-1');
    await replaceFolderAtomically(folder, fillWith({ a: '1', b: '1' }));
    await replaceFolderAtomically(folder, fillWith({ b: '2' }));
    assert.deepEqual(await readdir(folder), ['b']);
    assert.equal(await readFile(path.join(folder, 'b'), 'utf8'), '2');
    assert.deepEqual(await readdir(path.dirname(folder)), ['step-1']);
  });

  test('flushes read-only files and folders inside too', async (t) => {
    const folder = path.join(await scratchFolder(t), 'out');
    await replaceFolderAtomically(folder, async (temporary) => {
      await mkdir(path.join(temporary, 'inner'));
      await writeFile(path.join(temporary, 'inner', 'a'), '1');
      await chmod(path.join(temporary, 'inner', 'a'), 0o444);
    });
    assert.equal(await readFile(path.join(folder, 'inner', 'a'), 'utf8'), '1');
  });

  test('keeps the old folder when filling the new one fails, and leaves nothing behind', async (t) => {
    const parent = await scratchFolder(t);
    const folder = path.join(parent, 'out');
    await replaceFolderAtomically(folder, fillWith({ a: '1' }));
    const failing = replaceFolderAtomically(folder, async (temporary) => {
      await writeFile(path.join(temporary, 'a'), '2');
      throw new Error('interrupted');
    });
    await assert.rejects(failing, /interrupted/);
    assert.equal(await readFile(path.join(folder, 'a'), 'utf8'), '1');
    assert.deepEqual(await readdir(parent), ['out']);
  });

  test('writes through a link to a folder', async (t) => {
    const parent = await scratchFolder(t);
    await mkdir(path.join(parent, 'real'));
    await symlink('real', path.join(parent, 'link'));
    await replaceFolderAtomically(path.join(parent, 'link'), fillWith({ a: '1' }));
    assert.deepEqual(await readdir(path.join(parent, 'real')), ['a']);
  });

  test('never replaces a folder with other files, such as the home folder', async (t) => {
    const folder = await scratchFolder(t);
    await writeFile(path.join(folder, 'thesis.txt'), 'years of work');
    const failure = await failsWith(
      'output-holds-other-files',
      replaceFolderAtomically(folder, fillWith({ 'box.json': '{}' }), replacement),
    );
    assert.match(failure.message, /thesis\.txt/);
    await failsWith('output-holds-other-files', checkFolderWritable(folder, replacement));
    assert.deepEqual(await readdir(folder), ['thesis.txt']);
  });

  test('carries foreign files of an older folder over', async (t) => {
    const folder = path.join(await scratchFolder(t), 'out');
    await replaceFolderAtomically(
      folder,
      fillWith({ 'box.json': '1', 'old.bin': '', 'note.txt': 'mine' }),
      replacement,
    );
    await mkdir(path.join(folder, 'plots'));
    await writeFile(path.join(folder, 'plots', 'loss.svg'), '<svg/>');
    await replaceFolderAtomically(folder, fillWith({ 'box.json': '2' }), replacement);
    assert.deepEqual((await readdir(folder)).sort(), ['box.json', 'note.txt', 'plots']);
    assert.equal(await readFile(path.join(folder, 'box.json'), 'utf8'), '2');
    assert.equal(await readFile(path.join(folder, 'plots', 'loss.svg'), 'utf8'), '<svg/>');
  });

  test('fails clearly where a file lies, itself or on the way', async (t) => {
    const parent = await scratchFolder(t);
    const file = path.join(parent, 'file');
    await writeFile(file, 'mine');
    await failsWith('output-not-a-folder', replaceFolderAtomically(file, fillWith({})));
    await failsWith('output-not-a-folder', replaceFolderAtomically(path.join(file, 'out'), fillWith({})));
    await failsWith('output-not-a-folder', checkFolderWritable(file, replacement));
    await failsWith('output-not-a-folder', checkFolderWritable(path.join(file, 'out'), replacement));
    assert.equal(await readFile(file, 'utf8'), 'mine');
    assert.deepEqual(await readdir(parent), ['file']);
  });

  test(
    'fails clearly where nobody may write',
    { skip: process.platform === 'linux' ? false : 'needs /proc' },
    async () => {
      await failsWith('output-unwritable', replaceFolderAtomically('/proc/here/out', fillWith({})));
      await failsWith('output-unwritable', checkFolderWritable('/proc/out', replacement));
    },
  );

  test('asking whether a folder is writable leaves no trace', async (t) => {
    const parent = await scratchFolder(t);
    await checkFolderWritable(path.join(parent, 'many', 'adapters', 'out'), replacement);
    assert.deepEqual(await readdir(parent), []);
    await mkdir(path.join(parent, 'adapters'));
    await checkFolderWritable(path.join(parent, 'adapters', 'out'), replacement);
    assert.deepEqual(await readdir(parent, { recursive: true }), ['adapters']);
  });
});

describe('makeFolders', () => {
  test('makes what is missing, and is content with what is there', async (t) => {
    const folder = path.join(await scratchFolder(t), 'a', 'b', 'c');
    await makeFolders(folder);
    await makeFolders(folder);
    await Promise.all([makeFolders(path.join(folder, 'd', 'e')), makeFolders(path.join(folder, 'd', 'e'))]);
    assert.deepEqual(await readdir(path.join(folder, 'd')), ['e']);
  });

  test('fails clearly at a file, and ends where the system refuses', async (t) => {
    const file = path.join(await scratchFolder(t), 'file');
    await writeFile(file, '');
    await failsWith('output-not-a-folder', makeFolders(file));
    await failsWith('output-not-a-folder', makeFolders(path.join(file, 'a', 'b')));
    if (process.platform === 'linux') await failsWith('output-unwritable', makeFolders('/proc/here/a'));
  });
});

describe('recoverFolder', () => {
  /** What a kill between the two renames leaves: no folder, the old one aside, the new one complete. */
  async function killedBetweenRenames(parent: string): Promise<string> {
    const folder = path.join(parent, 'out');
    await mkdir(folder);
    await writeFile(path.join(folder, 'a'), 'old');
    await mkdir(path.join(parent, `.out.writing.${deadProcess}.${someId}`));
    await writeFile(path.join(parent, `.out.writing.${deadProcess}.${someId}`, 'a'), 'new');
    await rename(folder, path.join(parent, `.out.replaced.${deadProcess}.${someId}`));
    return folder;
  }

  test('puts the complete new folder in place', async (t) => {
    const parent = await scratchFolder(t);
    const folder = await killedBetweenRenames(parent);
    await recoverFolder(folder);
    assert.equal(await readFile(path.join(folder, 'a'), 'utf8'), 'new');
    await replaceFolderAtomically(folder, fillWith({ a: 'newer' }));
    assert.deepEqual(await readdir(parent), ['out']);
  });

  test('comes before the next writer tidies up, so that its failing loses nothing', async (t) => {
    const parent = await scratchFolder(t);
    const folder = await killedBetweenRenames(parent);
    const failing = replaceFolderAtomically(folder, () => Promise.reject(new Error('interrupted')));
    await assert.rejects(failing, /interrupted/);
    assert.equal(await readFile(path.join(folder, 'a'), 'utf8'), 'new');
  });

  test('does not touch a folder that is there, nor one that never was', async (t) => {
    const parent = await scratchFolder(t);
    const folder = await killedBetweenRenames(parent);
    await mkdir(folder);
    await recoverFolder(folder);
    assert.deepEqual(await readdir(folder), []);
    await recoverFolder(path.join(parent, 'other'));
    await recoverFolder(path.join(parent, 'no', 'such', 'parent'));
    await assert.rejects(stat(path.join(parent, 'other')), /ENOENT/);
  });

  test('ignores a folder that a killed process had not finished', async (t) => {
    const parent = await scratchFolder(t);
    await mkdir(path.join(parent, `.out.writing.${deadProcess}.${someId}`));
    await recoverFolder(path.join(parent, 'out'));
    await assert.rejects(stat(path.join(parent, 'out')), /ENOENT/);
  });
});
