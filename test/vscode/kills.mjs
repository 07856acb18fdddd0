// A part of VS Code is killed while a run trains. Whatever it was: the engine does not outlive it, no step that a
// checkpoint holds is lost, and the window says how to go on.
import assert from 'node:assert/strict';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { copyExample, endless, recipeName, record, runs, setSteps, setTraining } from './example.mjs';
import { browserOf, enginesBelow, gone, processes } from './processes.mjs';
import { until } from './workbench.mjs';

/** Seconds that an engine may live on without its extension host. */
const limit = 5;
/** Steps that a resumed run still does: more than happen while it is taken over. */
const further = 100;

/** What is killed, whether a server and a browser have to go with it, and how the window is there again. */
export const kinds = {
  engine: {
    what: 'the engine',
    strike: ({ engine }) => process.kill(engine.pid, 'SIGKILL'),
    says: 'The engine ended unexpectedly',
  },
  host: {
    what: 'the extension host',
    strike: ({ engine }) => process.kill(engine.parent, 'SIGKILL'),
    says: 'was interrupted',
  },
  window: {
    what: 'the window',
    strike: ({ profile }) => process.kill(browserOf(profile).pid, 'SIGKILL'),
    standsAlone: true,
    // VS Code keeps an extension host for a window that may come back, and the engine is that host's.
    engineStays: true,
    async comeBack({ open }) {
      return open();
    },
    says: 'is still being trained by another window',
    goesOnBy: 'Go On Here',
  },
  server: {
    what: 'the server',
    strike({ server, engine }) {
      const host = processes().find(({ pid }) => pid === engine.parent);
      for (const pid of new Set([server.pid, host.parent])) process.kill(pid, 'SIGKILL');
    },
    standsAlone: true,
    endsHost: true,
    async comeBack({ server, window }) {
      await server.launch();
      await window.ready();
      return window;
    },
    says: 'was interrupted',
  },
};

/**
 * Trains in a window of its own, kills `delay` milliseconds after the engine's start or, with `isTraining`, after the first
 * step, goes on as the window says, and looks at everything that is left. Gives what happened, in a line.
 */
export async function kill(kind, { bench, screens, delay, isTraining, lane = 0 }) {
  const { standsAlone = false } = kinds[kind];
  // Extension hosts of killed windows wait for hours for these to come back: each has a server that is stopped with it.
  const server = await (standsAlone ? bench.ownServer({ trusted: true }) : bench.server('trusted', lane));
  const folder = bench.folder();
  copyExample(folder, endless);
  setTraining(folder, { save_steps: 5, gradient_accumulation_steps: 4 });
  const scene = { server, folder, profile: bench.folder() };
  scene.open = async () => {
    scene.window = await (standsAlone
      ? bench.ownWindow(server, folder, screens, scene.profile)
      : bench.window(server, folder, screens, lane));
    await scene.window.ready();
    return scene.window;
  };
  try {
    await scene.open();
    const known = new Set(enginesBelow(server.home).map(({ pid }) => pid));
    await scene.window.workbench.openFile(recipeName);
    await scene.window.workbench.command('LoRA: Train Adapter');
    scene.engine = await until(
      () => enginesBelow(server.home).find(({ pid }) => !known.has(pid)),
      Boolean,
      'an engine process',
    );
    if (isTraining) await until(() => reachedIn(folder), Boolean, 'the first step');
    await wait(delay);
    return await strikeAndGoOn(kinds[kind], scene);
  } catch (error) {
    await scene.window?.page.screenshot({ path: path.join(screens, 'failed.png') }).catch(() => undefined);
    throw error;
  } finally {
    await scene.window?.close();
    if (standsAlone) server.stop();
  }
}

async function strikeAndGoOn(kind, scene) {
  const { strike, endsHost = false, engineStays = false, comeBack } = kind;
  strike(scene);
  // VS Code itself takes its time to end the host of a server that is gone: what counts is the engine's from then on.
  if (endsHost) await gone(scene.engine.parent, 'the extension host');
  const orphaned = engineStays ? undefined : await goneInTime(scene.engine.pid);
  const [run] = runs(scene.folder);
  if (run !== undefined) looksWhole(run);
  const { workbench } = (await comeBack?.(scene)) ?? scene.window;
  const how = await goOn(workbench, scene, kind);
  await workbench.toast('is trained').waitFor();
  await workbench.dashboard().getByRole('status').getByText('Finished', { exact: true }).waitFor();
  await workbench.shot('finished');
  if (engineStays) assert.ok(!enginesBelow(scene.server.home).some(({ pid }) => pid === scene.engine.pid));

  const finished = runs(scene.folder).find((each) => record(each).status === 'finished');
  const { step, total_steps } = record(finished);
  assert.equal(step, total_steps);
  assert.ok(existsSync(path.join(scene.folder, 'adapters', 'count-by-ten', 'adapter_model.safetensors')));
  const resumed = continuous(finished);
  await until(
    () => enginesBelow(scene.server.home).length,
    (left) => left === 0,
    'the end of all engines',
  );
  const lived = orphaned === undefined ? '' : `, engine gone after ${(orphaned / 1000).toFixed(1)} s`;
  return `${how}, ${resumed}${lived}`;
}

/** Goes on as the notice says; gives how. */
async function goOn(workbench, { folder, engine }, { says, goesOnBy = 'Resume Training', engineStays }) {
  const notice = workbench.toast(says);
  await notice.waitFor();
  const reached = reachedIn(folder);
  setSteps(folder, reached + further);
  // It has come to rest.
  await notice.hover();
  await workbench.shot('message');
  const button = notice.locator('.monaco-button', { hasText: goesOnBy });
  if (!(await button.isVisible())) {
    // Nothing had begun.
    assert.match(await notice.textContent(), /train again/);
    assert.equal(reached, 0);
    await workbench.command('LoRA: Train Adapter');
    return 'trained anew';
  }
  await button.click();
  if (engineStays) await goneInTime(engine.pid);
  return `"${goesOnBy}" after step ${reached}`;
}

async function goneInTime(pid) {
  const time = await gone(pid, 'the engine');
  assert.ok(time < limit * 1000, `The engine lived on for ${(time / 1000).toFixed(1)} s`);
  return time;
}

/** What a kill leaves can be read, but for a torn last line, and has every checkpoint that the run told of. */
function looksWhole(run) {
  record(run);
  const told = eventsOf(run).flatMap(({ type, step }) => (type === 'checkpoint' ? [step] : []));
  if (told.length === 0) return;
  const there = readdirSync(path.join(run, 'checkpoints')).flatMap((name) => /^step-(\d+)$/.exec(name)?.[1] ?? []);
  assert.ok(Math.max(...there.map(Number)) >= told.at(-1), `There are ${there.join(', ')}, told was ${told.at(-1)}`);
}

/** No step is missing, none is told twice but for those that a resumed run does again. */
function continuous(run) {
  const all = eventsOf(run, { isTornAllowed: false });
  const resumed = [];
  let [last, kept] = [0, 0];
  let told = new Set();
  for (const event of all) {
    const key = [event.type, event.step, event.prompt].join(' ');
    // A resumed run begins with its plan again.
    if (event.type === 'plan' || event.type === 'started') continue;
    if (event.type === 'resumed') {
      assert.ok(event.step >= kept && event.step <= last, `resumed at ${event.step}, kept ${kept}, reached ${last}`);
      resumed.push(event.step);
      last = event.step;
      told = new Set();
    } else if (event.type === 'step') {
      assert.equal(event.step, last + 1);
      last = event.step;
    } else if (event.type === 'checkpoint') {
      kept = event.step;
    }
    assert.ok(!told.has(key), `${key} is told twice`);
    told.add(key);
  }
  assert.equal(all.at(-1).type, 'finished');
  return resumed.length === 0 ? 'from step 0' : `from step ${resumed.join(', ')} to ${last}`;
}

/** The last step of all runs, 0 before the first one. */
function reachedIn(folder) {
  return Math.max(0, ...runs(folder).map(lastStep));
}

function lastStep(run) {
  return Math.max(0, ...eventsOf(run).flatMap(({ type, step }) => (type === 'step' ? [step] : [])));
}

function eventsOf(run, { isTornAllowed = true } = {}) {
  const file = path.join(run, 'metrics.jsonl');
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, 'utf8').split('\n');
  const rest = lines.pop();
  assert.ok(isTornAllowed || rest === '', `The last line is torn: ${rest}`);
  return lines.map((line) => JSON.parse(line));
}

/** One of each kind, for the usual suite. */
export const killStories = Object.entries(kinds).map(([kind, { what }]) => ({
  name: `nothing is lost when ${what} is killed`,
  act: (bench, screens, lane) => kill(kind, { bench, screens, delay: 1000, isTraining: true, lane }),
}));
