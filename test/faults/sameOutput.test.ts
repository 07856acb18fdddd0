import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { copyFile, readdir } from 'node:fs/promises';
import path from 'node:path';
import { describe, test } from 'node:test';
import type { TestContext } from 'node:test';
import { eventsOf, lora, train } from '../tiny/lora';
import type { Trained } from '../tiny/lora';
import { temporaryFolder, writeTinyProject } from '../tiny/recipe';
import type { TinyProject } from '../tiny/recipe';

/** A recipe that trains until it is stopped. */
async function project(t: TestContext): Promise<TinyProject> {
  return writeTinyProject(await temporaryFolder(t), {
    output: 'adapters/tiny',
    training: { max_steps: 100_000, save_steps: 5 },
  });
}

function codeOf(trained: Trained): string | undefined {
  return eventsOf(trained, 'error')[0]?.code;
}

function runsOf({ folder }: TinyProject): Promise<string[]> {
  return readdir(path.join(folder, '.lora', 'runs'));
}

/** Goes on with the latest run for one more step. */
async function goesOn(tiny: TinyProject, after: Trained): Promise<void> {
  const last = eventsOf(after, 'step').at(-1)!.step;
  const rest = await train(tiny.recipe, ['--resume', 'latest', '--set', `training.max_steps=${last + 1}`]);
  assert.equal(rest.status, 0, rest.stderr);
  assert.equal(rest.events.at(-1)?.type, 'finished');
}

describe('two trainings into one folder', { concurrency: 2 }, () => {
  test('started at once: one trains, the other is refused; after a kill the one goes on', async (t) => {
    const tiny = await project(t);
    const training = new Set<ChildProcess>();
    let begin: (child: ChildProcess) => void = () => undefined;
    const begun = new Promise<ChildProcess>((resolve) => (begin = resolve));
    const both = [1, 2].map((which) =>
      train(tiny.recipe, [], (event, child) => {
        if (event.type !== 'step') return;
        begin(child);
        // Should both train, the test must end all the same.
        if (training.add(child).size === 2) for (const each of training) each.kill('SIGKILL');
      }).then((ended) => ({ which, ended })),
    );
    const { which, ended: refused } = await Promise.race(both);
    assert.deepEqual([refused.status, codeOf(refused)], [1, 'output-in-use'], refused.stderr);
    const child = await begun;
    const [error] = eventsOf(refused, 'error');
    assert.match(error!.message, new RegExp(`\\(process ${child.pid}\\b.*\\) is training into .*tiny right now\\.$`));
    child.kill('SIGKILL');
    const { ended: killed } = await both[2 - which]!;
    assert.equal(killed.status, null);
    assert.deepEqual(await runsOf(tiny), [eventsOf(killed, 'started')[0]!.run]);
    await goesOn(tiny, killed);
  });

  test('one after the other: the second, of another recipe, hears which run it is and where it stands', async (t) => {
    const tiny = await project(t);
    const other = path.join(tiny.folder, 'other.lora.json');
    await copyFile(tiny.recipe, other);
    let looks: Promise<void> | undefined;
    const first = await train(tiny.recipe, [], (event, child) => {
      if (event.type === 'step') looks ??= look(event.step).finally(() => child.kill('SIGINT'));
    });
    async function look(step: number): Promise<void> {
      const refused = await train(other);
      assert.deepEqual([refused.status, codeOf(refused)], [1, 'output-in-use']);
      const [run] = await runsOf(tiny);
      const [, at] = new RegExp(`^Run ${run} \\(process \\d+, at step (\\d+)\\)`).exec(
        eventsOf(refused, 'error')[0]!.message,
      )!;
      assert.ok(Number(at) >= step, at);
      assert.equal(codeOf(await train(tiny.recipe, ['--resume', 'latest'])), 'run-is-active');
      for (const command of ['plan', 'check']) assert.equal((await lora([command, other])).status, 0, command);
    }
    await looks;
    assert.equal(first.status, 130, first.stderr);
    await goesOn(tiny, first);
    const second = await train(other, ['--set', 'training.max_steps=2']);
    assert.equal(second.status, 0, second.stderr);
    assert.equal((await runsOf(tiny)).length, 2);
  });
});
