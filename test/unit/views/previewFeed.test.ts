import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { EngineCrash } from '../../../src/host/engine/engineCrash';
import type { EngineClient } from '../../../src/host/engine/engineClient';
import { PreviewEngine } from '../../../src/host/views/preview/previewEngine';
import { PreviewFeed } from '../../../src/host/views/preview/previewFeed';
import { placeOf } from '../../../src/host/views/preview/previewProblem';
import type { FilePlace } from '../../../src/host/views/preview/previewProblem';
import type { PreviewSource } from '../../../src/host/views/preview/previewSource';
import { Failure } from '../../../src/failure/failure';
import type { PreviewAbout, PreviewRow } from '../../../src/run/preview';
import { readFromPreview, readPreviewMemory } from '../../../src/run/previewProtocol';
import type { FromPreview, ToPreview } from '../../../src/run/previewProtocol';
import { HandClock } from './handClock';

/** A dataset of `rowCount` rows in memory. Rows from 1,000 on need one more question each thousand to be counted. */
class RowsInMemory implements PreviewSource {
  readonly asked: string[] = [];
  rowCount = 5000;
  /** Rows with nothing learnt. */
  unsupervised: readonly number[] = [];
  failure: Error | undefined;
  /** Called with every question, before it is answered. */
  meanwhile: () => void = () => undefined;
  private counted = 1000;

  rows(_: unknown, from: number, count: number): ReturnType<PreviewSource['rows']> {
    return this.answer(`rows ${from}`, () => {
      if (from >= this.counted && from < this.rowCount) {
        this.counted += 1000;
        return { is: 'later', about: this.about, countedRows: this.counted };
      }
      const rows = Array.from({ length: Math.max(0, Math.min(count, this.rowCount - from)) }, (_, at) =>
        row(from + at),
      );
      return { is: 'rows', about: this.about, rows };
    });
  }

  /** Looks at 500 rows a question. */
  search(_: unknown, wanted: string, from: number): ReturnType<PreviewSource['search']> {
    return this.answer(`search ${wanted} ${from}`, () => {
      const next = Math.min(from + 500, this.rowCount);
      const found = this.unsupervised.find((each) => each >= from && each < next) ?? null;
      return { found, next: found === null ? next : found + 1, isEnd: found === null && next === this.rowCount };
    });
  }

  sample(): ReturnType<PreviewSource['sample']> {
    const done = this.asked.filter((each) => each === 'sample').length;
    return this.answer('sample', () => {
      return { lengths: [3, 4], supervised: [1, 0], broken: 0, problem: null, isDone: done > 0, isWhole: false };
    });
  }

  place(_: unknown, asked: number): ReturnType<PreviewSource['place']> {
    return this.answer(`place ${asked}`, () => ({ file: '/w/data.jsonl', line: asked + 1 }));
  }

  private get about(): PreviewAbout {
    const { rowCount } = this;
    const named = { name: 'mine', baseModel: './model', dataset: '/w/data.jsonl', format: 'text', maxLength: 8 };
    return { ...named, rowCount, rowCountIsExact: true };
  }

  private async answer<Answer>(question: string, make: () => Answer): Promise<Answer> {
    this.asked.push(question);
    this.meanwhile();
    await Promise.resolve();
    if (this.failure !== undefined) throw this.failure;
    return make();
  }
}

function row(number: number): PreviewRow {
  const token = { id: number, text: 'a', supervised: false, special: false };
  const placed = { row: number, line: number + 1, isEvaluation: false, problem: null };
  return { ...placed, tokens: [token], seen: 1, length: 1, supervised: 0 };
}

interface Opened {
  readonly source: RowsInMemory;
  readonly feed: PreviewFeed;
  readonly sent: ToPreview[];
  readonly opened: FilePlace[];
  readonly watched: string[];
  isTrusted: boolean;
}

const recipe = '{\n  "base_model": "m",\n  "dataset": {\n    "path": "data.jsonl"\n  }\n}\n';

function open(): Opened {
  const source = new RowsInMemory();
  const sent: ToPreview[] = [];
  const made = { source, sent, opened: [] as FilePlace[], watched: [] as string[], isTrusted: true };
  const host = {
    shownRecipe: 'mine.lora.json',
    changedText: () => null,
    readRecipe: () => Promise.resolve(recipe),
    isTrusted: () => made.isTrusted,
    manageTrust: () => undefined,
    open: (place: FilePlace) => Promise.resolve(void made.opened.push(place)),
    watchDataset: (file: string) => void made.watched.push(file),
  };
  return Object.assign(made, { feed: new PreviewFeed('/w/mine.lora.json', source, host, (each) => sent.push(each)) });
}

const pages = (sent: readonly ToPreview[]): readonly (readonly [number, number | null])[] =>
  sent.flatMap((message) => (message.type === 'rows' ? [[message.from, message.focus] as const] : []));
const said = (sent: readonly ToPreview[]): string => {
  const last = sent.filter((message) => message.type === 'idle').at(-1);
  return last?.type === 'idle' ? last.said : '';
};
const ready = { type: 'ready', row: 0 } as const;
const show = (wanted: number): FromPreview => ({ type: 'show', row: wanted, isWanted: true });

describe('a preview', () => {
  test('asks nothing before its page is ready, then shows rows and all that is found out about them', async () => {
    const { source, feed, sent, watched } = open();
    await feed.changed();
    assert.deepEqual(source.asked, []);
    await feed.receive(ready);
    assert.deepEqual(source.asked, ['rows 0', 'sample', 'sample']);
    assert.deepEqual(
      sent.map(({ type }) => type),
      ['recipe', 'busy', 'rows', 'idle', 'sample', 'sample'],
    );
    assert.deepEqual(watched, ['/w/data.jsonl']);
  });

  test('shows the page of a row, and counts up to it where it must', async () => {
    const { feed, sent } = open();
    await feed.receive(ready);
    await feed.receive(show(3456));
    assert.deepEqual(pages(sent), [
      [0, null],
      [3450, 3456],
    ]);
    const shares = sent.flatMap((message) =>
      message.type === 'busy' && message.share !== null ? [message.share] : [],
    );
    assert.equal(shares.length, 3);
    assert.ok(shares.every((share, at) => share > (shares[at - 1] ?? 0)));
  });

  test('shows the last rows where there is no such row', async () => {
    const { feed, sent } = open();
    await feed.receive(ready);
    await feed.receive(show(1_000_000));
    assert.deepEqual(pages(sent).at(-1), [4990, null]);
    assert.equal(said(sent), 'The last row is 4,999.');
  });

  test('shows the row that was asked for before the page was there', async () => {
    const { feed, sent } = open();
    await feed.goTo(42);
    await feed.receive({ type: 'ready', row: 7 });
    assert.deepEqual(pages(sent), [[40, 42]]);
  });

  test('comes back to the row that the page remembers', async () => {
    const { feed, sent } = open();
    await feed.receive({ type: 'ready', row: 37 });
    assert.deepEqual(pages(sent), [[30, null]]);
  });

  test('finds the next row that is looked for, and says how far it is', async () => {
    const { source, feed, sent } = open();
    source.unsupervised = [1234];
    await feed.receive(ready);
    await feed.receive({ type: 'search', wanted: 'unsupervised', from: 3 });
    assert.deepEqual(pages(sent).at(-1), [1230, 1234]);
    const searched = source.asked.filter((each) => each.startsWith('search'));
    assert.deepEqual(searched, ['search unsupervised 3', 'search unsupervised 503', 'search unsupervised 1003']);
  });

  test('gives up after 20,000 rows, goes on from there when it is asked again, and says when there are no more', async () => {
    const { source, feed, sent } = open();
    source.rowCount = 30_000;
    await feed.receive(ready);
    const search = { type: 'search', wanted: 'unsupervised', from: 0 } as const;
    await feed.receive(search);
    assert.equal(said(sent), 'No row without a learnt token up to row 19,999. Press again to look further.');
    await feed.receive(search);
    assert.ok(source.asked.includes('search unsupervised 20000'));
    assert.equal(said(sent), 'There is no row without a learnt token from row 0 on.');
  });

  test('stops a search when it is told to, and asks no further', async () => {
    const { source, feed, sent } = open();
    await feed.receive(ready);
    source.meanwhile = () => {
      if (source.asked.length > 5) void feed.receive({ type: 'cancel' });
    };
    await feed.receive({ type: 'search', wanted: 'truncated', from: 0 });
    assert.equal(source.asked.length, 6);
    assert.equal(said(sent), 'Stopped.');
  });

  test('keeps the rows in view when recipe or data change', async () => {
    const { source, feed, sent } = open();
    await feed.receive(ready);
    await feed.receive(show(55));
    source.rowCount = 57;
    await feed.changed();
    assert.deepEqual(pages(sent).at(-1), [50, null]);
    source.rowCount = 12;
    await feed.changed();
    assert.deepEqual(pages(sent).at(-1), [10, null]);
  });

  test('asks and says nothing for a hidden page', async () => {
    const { source, feed, sent } = open();
    await feed.receive(ready);
    feed.hidden();
    const before = [sent.length, source.asked.length];
    await feed.changed();
    assert.deepEqual([sent.length, source.asked.length], before);
  });

  test('says nothing any more once it was hidden while it asked', async () => {
    const { source, feed, sent } = open();
    source.meanwhile = () => feed.hidden();
    await feed.receive(ready);
    assert.deepEqual(pages(sent), []);
  });

  test('tells what is wrong with its place, and opens that place', async () => {
    const { source, feed, sent, opened, watched } = open();
    const place = { file: '/w/other.jsonl', line: 4 };
    source.failure = new Failure('dataset-row-invalid', 'This row cannot be used.', { hint: 'Correct it.', place });
    await feed.receive(ready);
    const shown = { message: 'This row cannot be used.', hint: 'Correct it.', place: 'other.jsonl:4' };
    assert.deepEqual(
      sent.find(({ type }) => type === 'problem'),
      { type: 'problem', problem: shown },
    );
    await feed.receive({ type: 'openPlace', of: 'problem' });
    assert.deepEqual(opened, [place]);
    assert.ok(watched.includes('/w/other.jsonl'), 'a file that is put right is noticed');
    source.failure = undefined;
    await feed.receive({ type: 'retry' });
    assert.deepEqual(pages(sent), [[0, null]]);
  });

  test('opens the data at a row', async () => {
    const { feed, opened } = open();
    await feed.receive(ready);
    await feed.receive({ type: 'openRow', row: 11 });
    assert.deepEqual(opened, [{ file: '/w/data.jsonl', line: 12 }]);
  });

  test('asks nothing in Restricted Mode, and begins when the folder is trusted', async () => {
    const made = open();
    made.isTrusted = false;
    await made.feed.receive(ready);
    assert.deepEqual(made.source.asked, []);
    assert.deepEqual(
      made.sent.map(({ type }) => type),
      ['recipe', 'restricted'],
    );
    made.isTrusted = true;
    await made.feed.changed();
    assert.deepEqual(pages(made.sent), [[0, null]]);
  });
});

describe('the place of a failure', () => {
  const at = (code: string, place: ConstructorParameters<typeof Failure>[2], expected: FilePlace): void =>
    void test(`${code} ${JSON.stringify(place)}`, () => {
      assert.deepEqual(
        placeOf(new Failure(code, 'It is so.', place), { file: '/w/a.lora.json', text: recipe }),
        expected,
      );
    });
  at('dataset-row-invalid', { place: { file: '/w/d.jsonl', line: 3 } }, { file: '/w/d.jsonl', line: 3 });
  at('dataset-missing', { place: { file: '/w/d.jsonl' } }, { file: '/w/a.lora.json', line: 4 });
  at(
    'dataset-column-missing',
    { place: { file: '/w/d', path: 'dataset.columns.x' } },
    { file: '/w/a.lora.json', line: 3 },
  );
  at('model-missing', { place: { file: '/w/m' } }, { file: '/w/a.lora.json', line: 2 });
  at('unknown-key', { place: { file: '/w/a.lora.json', line: 5, path: 'x' } }, { file: '/w/a.lora.json', line: 5 });
});

describe('the engine of a preview', () => {
  const start = (): { engine: PreviewEngine; clock: HandClock; log: string[]; source: RowsInMemory } => {
    const clock = new HandClock();
    const log: string[] = [];
    const source = new RowsInMemory();
    const begin = (): Promise<EngineClient> => {
      log.push('start');
      const dispose = (): Promise<void> => Promise.resolve(void log.push('end'));
      return Promise.resolve({ preview: source, dispose } as Partial<EngineClient> as EngineClient);
    };
    return { engine: new PreviewEngine(begin, clock), clock, log, source };
  };
  const params = { recipeFile: '/w/a.lora.json', text: null };

  test('begins with the first question, ends a minute after the last, and begins again', async () => {
    const { engine, clock, log } = start();
    assert.deepEqual(log, []);
    await engine.rows(params, 0, 10);
    clock.pass(40_000);
    await engine.sample(params);
    clock.pass(40_000);
    assert.deepEqual(log, ['start']);
    clock.pass(30_000);
    await Promise.resolve();
    assert.deepEqual(log, ['start', 'end']);
    await engine.rows(params, 0, 10);
    assert.deepEqual(log, ['start', 'end', 'start']);
  });

  test('begins anew after a crash, and not after a failure', async () => {
    const { engine, log, source } = start();
    source.failure = new Failure('dataset-empty', 'The dataset has no rows.');
    await assert.rejects(engine.rows(params, 0, 10));
    assert.deepEqual(log, ['start']);
    source.failure = new EngineCrash('The engine ended.', []);
    await assert.rejects(engine.rows(params, 0, 10));
    source.failure = undefined;
    await engine.rows(params, 0, 10);
    assert.deepEqual(log, ['start', 'end', 'start']);
  });

  test('ends with its preview', async () => {
    const { engine, log } = start();
    await engine.rows(params, 0, 10);
    engine.dispose();
    await Promise.resolve();
    assert.deepEqual(log, ['start', 'end']);
    await assert.rejects(engine.rows(params, 0, 10), /closed/);
  });
});

describe('a message from a preview’s page', () => {
  const reads = (value: unknown, expected: unknown): void =>
    void test(JSON.stringify(value), () => assert.deepEqual(readFromPreview(value), expected));
  reads({ type: 'ready', row: 4 }, { type: 'ready', row: 4 });
  reads({ type: 'ready', row: -1 }, { type: 'ready', row: 0 });
  reads({ type: 'show', row: 3 }, { type: 'show', row: 3, isWanted: false });
  reads({ type: 'show', row: 1.5 }, undefined);
  reads({ type: 'search', wanted: 'truncated', from: 2 }, { type: 'search', wanted: 'truncated', from: 2 });
  reads({ type: 'search', wanted: 'secrets', from: 2 }, undefined);
  reads({ type: 'openRow', row: '/etc/passwd' }, undefined);
  reads({ type: 'openPlace', of: '/etc/passwd' }, { type: 'openPlace', of: 'problem' });
  reads({ type: 'cancel', more: 1 }, { type: 'cancel' });
  reads({ type: 'delete everything' }, undefined);
  reads(null, undefined);
  reads('show', undefined);
});

test('what a preview remembers comes back; from nothing comes nothing', () => {
  const memory = { recipe: '/w/a.lora.json', row: 12, isTable: true };
  assert.deepEqual(readPreviewMemory(structuredClone(memory)), memory);
  assert.deepEqual(readPreviewMemory({ recipe: '/r', row: 'x' }), { recipe: '/r', row: 0, isTable: false });
  for (const other of [undefined, null, 'x', {}, { recipe: 1 }]) assert.equal(readPreviewMemory(other), undefined);
});
