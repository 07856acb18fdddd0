import assert from 'node:assert/strict';
import path from 'node:path';
import { describe, test } from 'node:test';
import { Failure } from '../../../src/failure/failure';
import type { AdapterFacts } from '../../../src/host/adapters/adapterFacts';
import { EngineCrash } from '../../../src/host/engine/engineCrash';
import type { EngineClient } from '../../../src/host/engine/engineClient';
import { compareAdapters } from '../../../src/host/views/playground/comparison';
import { PlaygroundEngine, playgroundIdleTime } from '../../../src/host/views/playground/playgroundEngine';
import { PlaygroundFeed } from '../../../src/host/views/playground/playgroundFeed';
import type { PlaygroundHost } from '../../../src/host/views/playground/playgroundFeed';
import type { PlaygroundSource } from '../../../src/host/views/playground/playgroundSource';
import type {
  OpenPlaygroundParams,
  PlaygroundColumn,
  PlaygroundEvaluation,
  PlaygroundNews,
  PlaygroundRequest,
} from '../../../src/run/playground';
import { defaultSetup } from '../../../src/run/playgroundProtocol';
import type { FromPlayground, PlaygroundSetup, TalkStep, ToPlayground } from '../../../src/run/playgroundProtocol';
import { HandClock } from './handClock';

const facts: AdapterFacts = {
  ...{
    name: 'poems',
    folder: '/w/adapters/poems',
    baseModel: './model',
    r: 2,
    loraAlpha: 4,
    targetModules: ['q_proj'],
  },
  ...{ bytes: 1000, finalLoss: null, training: [], files: [], problem: null },
};

/** Writes when a test says so. */
class SourceByHand implements PlaygroundSource {
  readonly asked: string[] = [];
  request: PlaygroundRequest | undefined;
  failure: Error | undefined;
  tell: (news: PlaygroundNews) => void = () => undefined;
  finish: (error?: Error) => void = () => undefined;

  open({ baseModel, adapter }: OpenPlaygroundParams): ReturnType<PlaygroundSource['open']> {
    this.asked.push(`open ${baseModel ?? adapter ?? ''}`);
    if (this.failure !== undefined) return Promise.reject(this.failure);
    const known = { path: '/w/model', name: 'model', words: 'llama', knowsChat: true };
    return Promise.resolve(known);
  }
  adapters({ folders }: { readonly folders: readonly string[] }): ReturnType<PlaygroundSource['adapters']> {
    this.asked.push(`adapters ${folders.length}`);
    return Promise.resolve(
      folders.map((folder) => ({ folder, isOfBase: !folder.includes('foreign'), evaluations: [] })),
    );
  }
  write(...[request, onNews, signal]: Parameters<PlaygroundSource['write']>): ReturnType<PlaygroundSource['write']> {
    this.request = request;
    const { prompts, columns, likeliest, system } = request;
    this.asked.push(`write ${prompts.join('|')} in ${columns.length}, likeliest ${likeliest}, system "${system}"`);
    this.tell = onNews;
    return new Promise((resolve, reject) => {
      this.finish = (error) => (error === undefined ? resolve({ outcome: 'finished' }) : reject(error));
      signal.addEventListener('abort', () => resolve({ outcome: 'stopped' }));
    });
  }
}

class Desk {
  isTrusted = true;
  folders = ['/w/adapters/poems', '/w/adapters/foreign'];
  readonly source = new SourceByHand();
  readonly clock = new HandClock();
  readonly sent: ToPlayground[] = [];
  readonly titles: string[] = [];
  chosenBase: string | undefined;
  prompts: readonly string[] = ['one'];
  readonly feed: PlaygroundFeed;

  constructor(start: OpenPlaygroundParams = { baseModel: '/w/model', adapter: null }) {
    const kept = (): ReturnType<PlaygroundHost['readPrompts']> =>
      Promise.resolve({ prompts: this.prompts, file: '/w/.lora/prompts.json', problem: null });
    const host: PlaygroundHost = {
      isTrusted: () => this.isTrusted,
      manageTrust: () => undefined,
      adapters: () => Promise.resolve(this.folders),
      facts: (folder) => Promise.resolve({ ...facts, folder, name: path.basename(folder) }),
      shown: (file) => file.replace('/w/', ''),
      chooseBase: () => Promise.resolve(this.chosenBase),
      chooseAdapter: () => Promise.resolve('/elsewhere/letters'),
      readPrompts: kept,
      writePrompts: (prompts) => {
        this.prompts = prompts;
        return kept();
      },
      openPrompts: () => undefined,
      opened: ({ name }) => void this.titles.push(name),
    };
    this.feed = new PlaygroundFeed(start, this.source, host, (message) => this.sent.push(message), this.clock);
  }

  async receive(message: FromPlayground): Promise<readonly ToPlayground[]> {
    this.sent.length = 0;
    await this.feed.receive(message);
    return this.sent;
  }

  /** Begins to write, and waits until the engine has been asked. */
  async write(
    setup: PlaygroundSetup = { ...defaultSetup, prompt: 'p' },
    step: TalkStep = 'first',
  ): Promise<{ readonly over: Promise<void> }> {
    this.sent.length = 0;
    const over = this.feed.receive({ type: 'write', setup, step });
    await settled();
    return { over };
  }
}

/** All that is due has happened. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

function of<Type extends ToPlayground['type']>(
  messages: readonly ToPlayground[],
  type: Type,
): readonly Extract<ToPlayground, { type: Type }>[] {
  return messages.filter((each): each is Extract<ToPlayground, { type: Type }> => each.type === type);
}

const piece = (text: string): PlaygroundNews => ({ text: 0, piece: { text, tokens: [] } });
const end: PlaygroundNews = { text: 0, end: { reason: 'stop', tokens: 2, tokensPerSecond: 5, problem: null } };

describe('a playground', () => {
  test('opens its model, and offers the adapters of that base', async () => {
    const desk = new Desk({ baseModel: null, adapter: '/w/adapters/poems' });
    desk.feed.show({ columns: [[]], replaces: true, isComparison: false });
    const sent = await desk.receive({ type: 'ready' });
    assert.deepEqual(desk.source.asked, ['open /w/adapters/poems', 'adapters 2']);
    assert.deepEqual(desk.titles, ['model']);
    assert.equal(of(sent, 'columns').length, 1);
    const poems = { folder: '/w/adapters/poems', name: 'poems', shown: 'adapters/poems' };
    assert.deepEqual(of(sent, 'adapters').at(-1)?.adapters, [poems]);
    assert.deepEqual(of(sent, 'prompts')[0]?.prompts, ['one']);
    assert.deepEqual([desk.feed.knows(poems.folder), desk.feed.knows('/w/adapters/foreign')], [true, false]);
  });

  test('runs nothing in Restricted Mode, and begins once the folder is trusted', async () => {
    const desk = new Desk();
    desk.isTrusted = false;
    const types = (await desk.receive({ type: 'ready' })).map(({ type }) => type);
    await desk.receive({ type: 'write', setup: { ...defaultSetup, prompt: 'p' }, step: 'first' });
    assert.deepEqual([types, desk.source.asked], [['restricted'], []]);
    desk.isTrusted = true;
    await desk.feed.changed();
    assert.equal(of(desk.sent, 'model').length, 1);
  });

  test('tells what is written ten times a second, and the whole at the end', async () => {
    const desk = new Desk();
    await desk.receive({ type: 'ready' });
    const { over } = await desk.write({ ...defaultSetup, prompt: 'p', system: 'never said' });
    assert.equal(desk.source.asked.at(-1), 'write p in 1, likeliest 5, system ""');
    for (const text of ['a', 'b', 'c']) desk.source.tell(piece(text));
    assert.deepEqual(
      of(desk.sent, 'news').map(({ news }) => news.length),
      [1],
    );
    desk.clock.pass(100);
    assert.deepEqual(
      of(desk.sent, 'news').map(({ news }) => news.length),
      [1, 2],
    );
    desk.source.tell(end);
    desk.source.finish();
    await over;
    const run = of(desk.sent, 'run').at(-1)!.run;
    assert.deepEqual([run.isOver, run.texts[0]?.pieces.length, run.texts[0]?.end?.reason], [true, 3, 'stop']);
  });

  test('keeps what was written while its page was hidden', async () => {
    const desk = new Desk();
    await desk.receive({ type: 'ready' });
    const { over } = await desk.write();
    desk.feed.hidden();
    desk.sent.length = 0;
    desk.source.tell(piece('hidden'));
    desk.source.tell(end);
    desk.source.finish();
    await over;
    assert.deepEqual(desk.sent, []);
    const run = of(await desk.receive({ type: 'ready' }), 'run')[0]!.run;
    assert.deepEqual([run.isOver, run.texts[0]?.pieces[0]?.text], [true, 'hidden']);
    assert.equal(desk.source.asked.filter((each) => each.startsWith('open')).length, 1);
  });

  test('says nothing twice when its page is shown again while it writes', async () => {
    const desk = new Desk();
    await desk.receive({ type: 'ready' });
    const { over } = await desk.write();
    for (const text of ['a', 'b']) desk.source.tell(piece(text));
    desk.feed.hidden();
    const sent = await desk.receive({ type: 'ready' });
    const types = sent.map(({ type }) => type);
    assert.ok(types.indexOf('run') < types.lastIndexOf('adapters'), 'the engine is busy with the texts');
    desk.source.tell(piece('c'));
    desk.clock.pass(200);
    const shown = of(sent, 'run')[0]!.run.texts[0]!.pieces.map(({ text }) => text);
    const later = of(desk.sent, 'news').flatMap(({ news }) =>
      news.map((each) => ('piece' in each ? each.piece.text : '')),
    );
    assert.deepEqual([...shown, ...later], ['a', 'b', 'c']);
    desk.source.finish();
    await over;
  });

  test('writes one thing at a time, and stops', async () => {
    const desk = new Desk();
    await desk.receive({ type: 'ready' });
    const { over } = await desk.write();
    await desk.feed.receive({ type: 'writeSet', setup: defaultSetup, prompts: ['a', 'b'] });
    assert.equal(desk.source.asked.filter((each) => each.startsWith('write')).length, 1);
    await desk.feed.receive({ type: 'stop' });
    await over;
    assert.equal(of(desk.sent, 'run').at(-1)?.run.texts[0]?.end?.reason, 'stopped');
    const set = desk.feed.receive({ type: 'writeSet', setup: defaultSetup, prompts: ['a', 'b'] });
    await settled();
    assert.equal(desk.source.asked.at(-1), 'write a|b in 1, likeliest null, system ""');
    desk.feed.dispose();
    await set;
  });

  test('says what went wrong with all texts, and with one', async () => {
    const desk = new Desk();
    await desk.receive({ type: 'ready' });
    const { over } = await desk.write({ ...defaultSetup, prompt: 'p', columns: [[], []] });
    const wire = {
      kind: 'failure',
      code: 'adapter-misfit',
      message: 'It does not fit.',
      hint: 'Use --base-model.',
    } as const;
    const problem = { ...wire, place: null, exitCode: 1 } as const;
    desk.source.tell({ text: 1, end: { reason: 'failed', tokens: 0, tokensPerSecond: null, problem } });
    desk.source.finish(new EngineCrash('The engine ended unexpectedly.', []));
    await over;
    const { texts } = of(desk.sent, 'run').at(-1)!.run;
    assert.match(
      texts[0]?.end?.problem ?? '',
      /^The engine ended unexpectedly\. Try again: the model is loaded anew\./,
    );
    assert.match(texts[1]?.end?.problem ?? '', /^It does not fit\. Open a playground with the base model/);
    assert.equal(of(desk.sent, 'problem')[0]?.problem.offers, 'retry');
  });

  test('goes on with a conversation: each column with its own answers, a new one with those of the first', async () => {
    const desk = new Desk();
    await desk.receive({ type: 'ready' });
    const poems = (weight: number): PlaygroundColumn => [{ folder: '/w/adapters/poems', weight }];
    const chat = (prompt: string, columns: readonly PlaygroundColumn[]): PlaygroundSetup => {
      return { ...defaultSetup, isChat: true, prompt, columns };
    };
    /** Answers each column with its number and the prompt, and gives what the engine was asked to go on from. */
    const say = async (setup: PlaygroundSetup, step: TalkStep): Promise<readonly string[]> => {
      const { over } = await desk.write(setup, step);
      setup.columns.forEach((_, text) => {
        desk.source.tell({ text, piece: { text: `${text} to `, tokens: [] } });
        desk.source.tell({ text, piece: { text: setup.prompt, tokens: [] } });
      });
      desk.source.finish();
      await over;
      const { earlier } = desk.source.request!;
      return earlier.map((turns) => turns.map(({ prompt, answer }) => `${prompt}: ${answer}`).join(', '));
    };
    assert.deepEqual(await say(chat('a', [[], poems(1)]), 'first'), ['', '']);
    assert.deepEqual(await say(chat('b', [[], poems(0.5)]), 'next'), ['a: 0 to a', 'a: 1 to a']);
    // Edited, or written again: in place of the last prompt.
    assert.deepEqual(await say(chat('c', [[], poems(0.5)]), 'again'), ['a: 0 to a', 'a: 1 to a']);
    const columns = [poems(0.5), [{ folder: '/w/new', weight: 1 }]];
    const [own, borrowed] = await say(chat('d', columns), 'next');
    assert.equal(own, 'a: 1 to a, c: 1 to c');
    assert.equal(borrowed, 'a: 0 to a, c: 0 to c');
    const { run } = of(desk.sent, 'run').at(-1)!;
    const writers = (column: number): readonly PlaygroundColumn[] => run.earlier[column]!.map(({ by }) => by);
    assert.deepEqual(writers(0), [poems(1), poems(0.5)]);
    assert.deepEqual(writers(1), [[], []]);
    await desk.receive({ type: 'startOver' });
    assert.deepEqual(await say(chat('e', columns), 'next'), ['', '']);
    // A completion goes on with its prompt alone.
    assert.deepEqual(await say({ ...chat('f', columns), isChat: false }, 'next'), ['', '']);
  });

  test('asks for a base model that no adapter names', async () => {
    const desk = new Desk({ baseModel: null, adapter: '/w/adapters/poems' });
    desk.source.failure = new Failure('base-of-adapter-unknown', 'The base model is not known.');
    const { problem } = of(await desk.receive({ type: 'ready' }), 'problem')[0]!;
    assert.deepEqual([problem.offers, problem.hint], ['choose-base', 'Choose the model that it was trained on.']);
    assert.deepEqual(await desk.receive({ type: 'chooseBase' }), []);
    desk.source.failure = undefined;
    desk.chosenBase = '/w/model';
    assert.equal(of(await desk.receive({ type: 'chooseBase' }), 'model').length, 1);
    assert.ok(desk.source.asked.includes('open /w/model'));
  });

  test('looks at adapters again when others have come, and leaves the engine alone otherwise', async () => {
    const desk = new Desk();
    await desk.receive({ type: 'ready' });
    const asked = desk.source.asked.length;
    await desk.feed.changed();
    assert.equal(desk.source.asked.length, asked);
    desk.folders = [...desk.folders, '/w/adapters/new'];
    await desk.feed.changed();
    assert.equal(of(desk.sent, 'adapters').at(-1)?.adapters.at(-1)?.name, 'new');
    await desk.receive({ type: 'chooseAdapter' });
    assert.deepEqual(of(desk.sent, 'columns')[0]?.columns, [[{ folder: '/elsewhere/letters', weight: 1 }]]);
    assert.equal(of(desk.sent, 'adapters')[0]?.adapters.at(-1)?.shown, '/elsewhere/letters');
  });

  test('keeps prompts and compares adapters', async () => {
    const desk = new Desk();
    await desk.receive({ type: 'ready' });
    const saved = await desk.receive({ type: 'savePrompts', prompts: ['one', 'two'] });
    assert.deepEqual(of(saved, 'prompts')[0]?.prompts, ['one', 'two']);
    const sent = await desk.receive({ type: 'compare', folders: ['/w/adapters/poems'] });
    assert.deepEqual(of(sent, 'comparison')[0]?.comparison.folders, ['/w/adapters/poems']);
  });
});

test('a playground’s engine gives the model back after some minutes, and begins again', async () => {
  const clock = new HandClock();
  const source = new SourceByHand();
  const log: string[] = [];
  const begin = (): Promise<EngineClient> => {
    log.push('start');
    const dispose = (): Promise<void> => Promise.resolve(void log.push('end'));
    return Promise.resolve({ playground: source, dispose } as Partial<EngineClient> as EngineClient);
  };
  const engine = new PlaygroundEngine(begin, clock, () => log.push('freed'));
  await engine.open({ baseModel: '/m', adapter: null });
  const request = { ...defaultSetup, baseModel: '/m', prompts: ['p'], earlier: [], likeliest: null };
  const writing = engine.write(request, () => undefined, new AbortController().signal);
  await settled();
  clock.pass(2 * playgroundIdleTime);
  source.finish();
  await writing;
  assert.deepEqual(log, ['start']);
  clock.pass(playgroundIdleTime);
  await settled();
  assert.deepEqual(log, ['start', 'freed', 'end']);
  await engine.open({ baseModel: '/m', adapter: null });
  engine.dispose();
  await settled();
  assert.deepEqual(log, ['start', 'freed', 'end', 'start', 'end']);
});

test('a comparison has figures of the same data side by side, and marks what differs', () => {
  const evaluation: PlaygroundEvaluation = {
    ...{ dataset: '/w/data.jsonl', datasetHash: 'a', loss: 0.5, perplexity: 1.6, accuracy: 0.75 },
    ...{ baseLoss: 2, baseAccuracy: 0.1, score: null, baseScore: null },
  };
  const other: AdapterFacts = {
    ...facts,
    ...{
      name: 'letters',
      folder: '/w/letters',
      r: 8,
      training: [
        ['final loss', '0.1'],
        ['learning_rate', '0.01'],
      ],
    },
  };
  const { folders, figures, settings } = compareAdapters([
    { facts, evaluations: [evaluation, { ...evaluation, datasetHash: 'b', dataset: '/w/other.jsonl' }] },
    { facts: other, evaluations: [{ ...evaluation, loss: 0.25 }] },
  ]);
  const drawn = (rows: typeof figures): readonly string[] =>
    rows.map(
      ({ label, values, differs }) => `${label} ${values.map((each) => each ?? '-').join(' ')}${differs ? ' !' : ''}`,
    );
  assert.deepEqual(folders, ['/w/adapters/poems', '/w/letters']);
  assert.deepEqual(drawn(figures), [
    'loss on data.jsonl 2.000 0.5000 0.2500 !',
    'perplexity on data.jsonl 7.389 1.600 1.600',
    'right first guesses on data.jsonl 10 % 75 % 75 %',
    'loss on other.jsonl 2.000 0.5000 - !',
    'perplexity on other.jsonl 7.389 1.600 - !',
    'right first guesses on other.jsonl 10 % 75 % - !',
    'final loss - - 0.1 !',
  ]);
  assert.deepEqual(drawn(settings), [
    'base model - ./model ./model',
    'r - 2 8 !',
    'lora_alpha - 4 4',
    'target_modules - q_proj q_proj',
    'size - 1.00 kB 1.00 kB',
    'learning_rate - - 0.01 !',
  ]);
});
