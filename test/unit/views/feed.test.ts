import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Coalescer } from '../../../src/host/views/coalesce';
import { csvOf } from '../../../src/host/views/csv';
import { DashboardFeed } from '../../../src/host/views/dashboardFeed';
import { shownStatus } from '../../../src/host/views/runFeed';
import { emptyRun } from '../../../src/run/runState';
import type { ToDashboard } from '../../../src/run/viewProtocol';
import { ShownRun } from '../../../src/views/dashboard/shownRun';
import { plan, started, step } from './events';
import { HandClock } from './handClock';
import { MemorySource } from './memorySource';

const folder = '/w/.lora/runs/r1';
const begin = [{ type: 'plan', ...plan } as const, started(folder, 900)];

describe('batches', () => {
  const record = (): { clock: HandClock; sent: [number, number[]][]; batches: Coalescer<number> } => {
    const clock = new HandClock();
    const sent: [number, number[]][] = [];
    return { clock, sent, batches: new Coalescer(clock, (items) => sent.push([clock.now(), [...items]])) };
  };

  test('the first goes at once, the next ones together', () => {
    const { clock, sent, batches } = record();
    batches.add([1]);
    batches.add([2]);
    clock.pass(30);
    batches.add([3, 4]);
    clock.pass(100);
    assert.deepEqual(sent, [
      [0, [1]],
      [100, [2, 3, 4]],
    ]);
  });

  test('are at most ten a second, and lose nothing', () => {
    const { clock, sent, batches } = record();
    for (let at = 0; at < 10_000; at++) {
      batches.add([at]);
      clock.pass(1);
    }
    clock.pass(100);
    assert.ok(sent.length <= 101, String(sent.length));
    assert.deepEqual(
      sent.flatMap(([, items]) => items),
      Array.from({ length: 10_000 }, (_, at) => at),
    );
  });

  test('are forgotten when they are cleared', () => {
    const { clock, sent, batches } = record();
    batches.add([1]);
    batches.add([2]);
    batches.clear();
    clock.pass(1000);
    assert.deepEqual(sent, [[0, [1]]]);
  });
});

interface Opened {
  readonly source: MemorySource;
  readonly clock: HandClock;
  readonly feed: DashboardFeed;
  readonly sent: ToDashboard[];
  readonly saved: [string, string][];
  /** Adapters that were shown, and names that the run got. */
  readonly shown: string[];
}

function open(prepare: (source: MemorySource) => void): Opened {
  const source = new MemorySource();
  prepare(source);
  const clock = new HandClock();
  const sent: ToDashboard[] = [];
  const saved: [string, string][] = [];
  const save = (name: string, content: Uint8Array): Promise<void> => {
    saved.push([name, Buffer.from(content).toString()]);
    return Promise.resolve();
  };
  const shown: string[] = [];
  const showAdapter = (adapter: string): Promise<void> => Promise.resolve(void shown.push(adapter));
  const named = (name: string): void => void shown.push(name);
  const post = (message: ToDashboard): void => void sent.push(message);
  const feed = new DashboardFeed(folder, source, post, clock, { save, showAdapter, named });
  return { source, clock, sent, saved, shown, feed };
}

const ready = { type: 'ready', overlay: null } as const;

/** What a page that got these messages knows; undefined where it noticed a gap. */
function pageAfter(sent: readonly ToDashboard[]): ShownRun | undefined {
  let run: ShownRun | undefined;
  for (const message of sent) {
    if (message.type === 'hydrate' && message.slot === 'main') run = new ShownRun(message, 10);
    if (message.type === 'append' && message.slot === 'main' && run?.append(message) !== true) return undefined;
  }
  return run;
}

describe('a dashboard that is asked for a part of it', () => {
  const finished = { type: 'finished', adapter: '/w/adapters/a', steps: 1, loss: 2, eval_loss: null } as const;

  test('brings it into view once the page has the run', async () => {
    const { sent, feed } = open((source) => source.store(folder, [...begin, step(1), finished]));
    feed.reveal('changes');
    assert.deepEqual(sent, []);
    await feed.receive(ready);
    assert.deepEqual(
      sent.map(({ type }) => type),
      ['hydrate', 'reveal', 'choices', 'cleared'],
    );
    feed.reveal('changes');
    assert.equal(sent.filter(({ type }) => type === 'reveal').length, 2);
  });

  test('waits with it while it is hidden, and asks once', async () => {
    const { sent, feed } = open((source) => source.store(folder, [...begin, finished]));
    await feed.receive(ready);
    feed.hidden();
    feed.reveal('changes');
    assert.equal(sent.filter(({ type }) => type === 'reveal').length, 0);
    await feed.receive(ready);
    await feed.receive(ready);
    assert.equal(sent.filter(({ type }) => type === 'reveal').length, 1);
  });

  test('knows the run by its name and leads to its adapter', async () => {
    const { shown, feed } = open((source) => source.store(folder, [...begin, step(1), finished]));
    await feed.receive(ready);
    await feed.receive({ type: 'showAdapter' });
    assert.deepEqual(shown, [plan.name, '/w/adapters/a']);
  });
});

describe('a dashboard', () => {
  test('hears nothing before its page is ready', () => {
    const { source, sent } = open(() => undefined);
    source.happen(folder, [...begin, step(1)]);
    assert.deepEqual(sent, []);
  });

  test('knows the whole run, then what happens', async () => {
    const { source, sent, feed, clock } = open((source) => source.happen(folder, [...begin, step(1), step(2)]));
    await feed.receive(ready);
    source.happen(folder, [step(3)]);
    source.happen(folder, [step(4)]);
    clock.pass(100);
    assert.deepEqual([...pageAfter(sent)!.table.column('step')], [1, 2, 3, 4]);
    assert.equal(pageAfter(sent)!.status, 'running');
  });

  test('misses nothing and doubles nothing over many times of hiding', async () => {
    const { source, sent, feed, clock } = open((source) => source.happen(folder, begin));
    let at = 0;
    for (let round = 0; round < 40; round++) {
      if (round % 3 === 2) feed.hidden();
      else if (round % 3 === 0) await feed.receive(ready);
      for (let count = 0; count < 7; count++) source.happen(folder, [step(++at)]);
      clock.pass(round % 2 === 0 ? 37 : 180);
    }
    await feed.receive(ready);
    source.happen(folder, [step(++at)]);
    clock.pass(200);
    const steps = [...pageAfter(sent)!.table.column('step')];
    assert.deepEqual(
      steps,
      Array.from({ length: at }, (_, index) => index + 1),
    );
  });

  test('says nothing to a hidden page', async () => {
    const { source, sent, feed, clock } = open((source) => source.happen(folder, begin));
    await feed.receive(ready);
    feed.hidden();
    const before = sent.length;
    source.happen(folder, [step(1)]);
    clock.pass(1000);
    assert.equal(sent.length, before);
  });

  test('shows a finished run from disk', async () => {
    const finished = { type: 'finished', adapter: '/w/a', steps: 2, loss: 1, eval_loss: null } as const;
    const { sent, feed } = open((source) => source.store(folder, [...begin, step(1), step(2), finished]));
    await feed.receive(ready);
    assert.equal(pageAfter(sent)!.status, 'finished');
    assert.equal(pageAfter(sent)!.table.length, 2);
  });

  test('follows a run from disk that goes on', async () => {
    const { source, sent, feed, clock } = open((source) => source.store(folder, [...begin, step(1), step(2)]));
    await feed.receive(ready);
    assert.equal(pageAfter(sent)!.status, 'interrupted');
    source.happen(folder, [started(folder, 900), { type: 'resumed', run: 'r1', step: 1, checkpoint: null }]);
    source.happen(folder, [step(2), step(3)]);
    clock.pass(100);
    assert.deepEqual([...pageAfter(sent)!.table.column('step')], [1, 2, 3]);
    assert.equal(pageAfter(sent)!.status, 'running');
  });

  test('does not show what it read once the page was hidden meanwhile', async () => {
    const { source, sent, feed } = open((source) => source.store(folder, [...begin, step(1)]));
    source.whileLoading = () => feed.hidden();
    await feed.receive(ready);
    assert.equal(pageAfter(sent), undefined);
  });

  test('says when a run cannot be read', async () => {
    const { sent, feed } = open(() => undefined);
    await feed.receive(ready);
    assert.deepEqual(sent, [{ type: 'problem', message: 'This run is gone.' }]);
  });

  test('hands on what the user asks for', async () => {
    const { source, feed } = open((source) => source.happen(folder, begin));
    for (const type of ['pause', 'resume', 'stop'] as const) await feed.receive({ type });
    assert.deepEqual(source.asked, [`pause ${folder}`, `resume ${folder}`, `stop ${folder}`]);
  });

  test('lays a second run over the first, keeps it current, and takes it away', async () => {
    const other = '/w/.lora/runs/r2';
    const { source, sent, feed, clock } = open((source) => {
      source.happen(folder, begin);
      source.happen(other, [...begin, step(1)]);
    });
    await feed.receive({ type: 'ready', overlay: other });
    source.happen(other, [step(2)]);
    clock.pass(100);
    await feed.receive({ type: 'overlay', folder: null });
    source.happen(other, [step(3)]);
    clock.pass(100);
    const overlaid = sent.flatMap((message) => ('slot' in message && message.slot === 'overlay' ? [message.type] : []));
    assert.deepEqual(overlaid, ['hydrate', 'append', 'cleared']);
  });

  test('offers the other runs that have steps', async () => {
    const { sent, feed } = open((source) => {
      source.store(folder, [...begin, step(1)]);
      source.store('/w/.lora/runs/r2', [...begin, step(1), step(2)]);
      source.store('/w/.lora/runs/empty', begin);
    });
    await feed.receive(ready);
    const choices = sent.flatMap((message) => (message.type === 'choices' ? message.runs : []));
    assert.deepEqual(choices, [{ folder: '/w/.lora/runs/r2', label: 'stories, 2026-01-02 03:04, 2 steps' }]);
  });

  test('saves numbers and pictures under the run’s name', async () => {
    const { saved, feed } = open((source) => source.happen(folder, [...begin, step(1)]));
    await feed.receive({ type: 'exportCsv' });
    await feed.receive({ type: 'exportPng', png: Buffer.from('a picture') });
    assert.deepEqual(
      saved.map(([name]) => name),
      ['r1.csv', 'r1.png'],
    );
    assert.equal(saved[1]![1], 'a picture');
  });

  test('leaves no listener behind', async () => {
    const other = '/w/.lora/runs/r2';
    const { source, feed } = open((source) => {
      source.happen(folder, begin);
      source.happen(other, begin);
    });
    await feed.receive({ type: 'ready', overlay: other });
    assert.equal(source.listenerCount, 2);
    feed.dispose();
    assert.equal(source.listenerCount, 0);
  });
});

describe('a page', () => {
  test('notices a missing message, and leaves alone what belongs to an earlier hydration', async () => {
    const { source, sent, feed, clock } = open((source) => source.happen(folder, begin));
    await feed.receive(ready);
    for (let at = 1; at <= 3; at++) {
      source.happen(folder, [step(at)]);
      clock.pass(100);
    }
    const [first, second, third] = sent.filter((message) => message.type === 'append');
    const run = pageAfter(sent.filter((message) => message.type === 'hydrate'))!;
    assert.equal(run.append(first!), true);
    assert.equal(run.append(third!), false);
    assert.equal(run.append({ ...second!, generation: second!.generation - 1 }), true);
    assert.equal(run.table.length, 1);
  });
});

describe('a run that this window does not train', () => {
  const summary = (status: 'running' | 'interrupted'): Parameters<typeof shownStatus>[1] => {
    const source = new MemorySource();
    source.store(folder, begin, status);
    return source.summaries[0];
  };
  const running = { ...emptyRun, status: 'running' } as const;
  test('is trained elsewhere while its lock is held', () => {
    assert.equal(shownStatus(running, summary('running')), 'elsewhere');
  });
  test('is interrupted otherwise', () => {
    assert.equal(shownStatus(running, summary('interrupted')), 'interrupted');
    assert.equal(shownStatus(running, undefined), 'interrupted');
  });
  test('stays as it ended', () => {
    assert.equal(shownStatus({ ...emptyRun, status: 'failed' }, summary('interrupted')), 'failed');
  });
});

describe('the table of numbers', () => {
  test('has one row a step, evaluations beside them, and nothing where nothing was measured', () => {
    const evaluated = { type: 'eval', step: 2, epoch: 1, eval_loss: 0.5, eval_mean_token_accuracy: 0.25 } as const;
    const broken = { ...step(2), loss: null as unknown as number };
    const [header, first, second, end] = csvOf({ steps: [step(1), broken], evals: [evaluated] }).split('\n');
    assert.match(header!, /^step,epoch,loss,learning_rate,grad_norm,.*,eval_loss,eval_mean_token_accuracy$/);
    assert.ok(first!.startsWith('1,') && first!.endsWith(',,'));
    assert.ok(second!.endsWith(',0.5,0.25'));
    assert.equal(second!.split(',')[2], '');
    assert.equal(end, '');
  });
});
