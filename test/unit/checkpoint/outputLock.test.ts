import assert from 'node:assert/strict';
import { appendFile, mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import path from 'node:path';
import { describe, test } from 'node:test';
import type { TestContext } from 'node:test';
import { lockOutput } from '../../../src/engine/checkpoint/outputLock';
import { temporaryFolder } from '../../tiny/recipe';
import { failsWith } from '../formats/scratch';

interface Places {
  readonly folder: string;
  readonly recipe: string;
  readonly output: string;
  /** Where the locks lie. */
  readonly locks: string;
}

async function places(t: TestContext): Promise<Places> {
  const folder = await temporaryFolder(t);
  return {
    folder,
    recipe: path.join(folder, 'tiny.lora.json'),
    output: path.join(folder, 'adapters', 'tiny'),
    locks: path.join(folder, '.lora', 'outputs'),
  };
}

describe('the lock of an output folder', () => {
  test('is held until it is released, and leaves nothing', async (t) => {
    const { folder, recipe, output, locks } = await places(t);
    const lock = await lockOutput(recipe, output);
    await failsWith('output-in-use', lockOutput(recipe, output));
    await lock.nameRun('tiny-1');
    await lock.release();
    assert.deepEqual(await readdir(locks), []);
    assert.deepEqual(await readdir(folder), ['.lora']);
    await (await lockOutput(recipe, output)).release();
  });

  test('goes to one of many that want it at once', async (t) => {
    const { recipe, output } = await places(t);
    const results = await Promise.allSettled(Array.from({ length: 8 }, () => lockOutput(recipe, output)));
    assert.equal(results.filter(({ status }) => status === 'fulfilled').length, 1);
  });

  test('guards every recipe of the folder, and no other output', async (t) => {
    const { folder, recipe, output } = await places(t);
    const lock = await lockOutput(recipe, output);
    await failsWith('output-in-use', lockOutput(path.join(folder, 'other.lora.json'), output));
    const other = await lockOutput(recipe, `${output}-2`);
    await other.release();
    await lock.release();
  });

  test('is the same however the folder is spelled, before it is there and after', async (t) => {
    const { folder, recipe, output } = await places(t);
    await mkdir(path.join(folder, 'adapters'));
    await symlink(path.join(folder, 'adapters'), path.join(folder, 'link'), 'junction');
    const lock = await lockOutput(recipe, path.join(folder, 'link', 'tiny'));
    await failsWith('output-in-use', lockOutput(recipe, output));
    await mkdir(output);
    await failsWith('output-in-use', lockOutput(recipe, `${folder}/./adapters/../adapters/tiny/`));
    await lock.release();
  });

  test('tells who has it: first the process, then also the run and its step', async (t) => {
    const { folder, recipe, output } = await places(t);
    const lock = await lockOutput(recipe, output);
    const said = async (): Promise<string> => (await failsWith('output-in-use', lockOutput(recipe, output))).message;
    const end = `is training into ${output} right now.`;
    assert.equal(await said(), `Another run (process ${process.pid}) ${end}`);
    await lock.nameRun('tiny-1');
    assert.equal(await said(), `Run tiny-1 (process ${process.pid}) ${end}`);
    const run = path.join(folder, '.lora', 'runs', 'tiny-1');
    await mkdir(run, { recursive: true });
    // The last line is being written.
    const lines = ['{"type":"started"}', '{"type":"step","step":7}', '{"type":"checkpoint","step":5}', '{"type":"st'];
    await writeFile(path.join(run, 'metrics.jsonl'), lines.join('\n'));
    assert.equal(await said(), `Run tiny-1 (process ${process.pid}, at step 7) ${end}`);
    await appendFile(path.join(run, 'metrics.jsonl'), '\nno JSON\n');
    assert.match(await said(), /^Run tiny-1 /);
    await lock.release();
  });

  test('of another computer is respected, with the way out', async (t) => {
    const { recipe, output, locks } = await places(t);
    const lock = await lockOutput(recipe, output);
    const [name] = await readdir(locks);
    const file = path.join(locks, name!, 'holder.json');
    const holder = JSON.parse(await readFile(file, 'utf8')) as object;
    await lock.release();
    await mkdir(path.dirname(file));
    await writeFile(file, JSON.stringify({ ...holder, host: `not-${hostname()}` }));
    const { message, hint } = await failsWith('output-in-use', lockOutput(recipe, output));
    assert.match(message, new RegExp(`on the computer not-${hostname()}\\)`));
    assert.ok(hint!.endsWith(`delete ${path.dirname(file)}.`), hint);
  });

  test('cannot be made where a file is in the way', async (t) => {
    const { folder, recipe, output } = await places(t);
    await writeFile(path.join(folder, '.lora'), '');
    await failsWith('output-not-a-folder', lockOutput(recipe, output));
  });
});
