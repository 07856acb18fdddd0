import assert from 'node:assert/strict';
import { cp, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, test } from 'node:test';
import type { TestContext } from 'node:test';
import { Failure } from '../../src/failure/failure';
import type { PlaygroundSource } from '../../src/host/views/playground/playgroundSource';
import type { Generation } from '../../src/run/answers';
import type { PlaygroundEnd, PlaygroundNews, PlaygroundPiece, PlaygroundRequest } from '../../src/run/playground';
import { writeTinyAdapter } from '../tiny/adapter';
import { lora } from '../tiny/lora';
import { writeJson } from '../tiny/model';
import { temporaryFolder } from '../tiny/recipe';
import { TestEngine } from './engine';

const never = new AbortController().signal;
const numbers = path.resolve('examples/numbers/model');

const sampling = {
  maxNewTokens: 12,
  temperature: 0,
  topK: 0,
  topP: 1,
  minP: 0,
  repetitionPenalty: 1,
  seed: 0,
  stop: [],
};

function requestFor(changes: Partial<PlaygroundRequest>): PlaygroundRequest {
  const texts = { columns: [[]], prompts: ['9,'], isChat: false, system: '', earlier: [] };
  return { baseModel: numbers, ...texts, sampling, likeliest: 3, ...changes };
}

interface Written {
  readonly pieces: PlaygroundPiece[];
  readonly text: string;
  readonly end: PlaygroundEnd;
}

/** The texts that came of a request, each put together from its news. */
async function written(source: PlaygroundSource, request: PlaygroundRequest): Promise<readonly Written[]> {
  const news: PlaygroundNews[] = [];
  const ended = await source.write(request, (each) => news.push(each), never);
  assert.equal(ended.outcome, 'finished');
  return textsOf(news, request);
}

function textsOf(news: readonly PlaygroundNews[], { prompts, columns }: PlaygroundRequest): readonly Written[] {
  return Array.from({ length: prompts.length * columns.length }, (_, text) => {
    const own = news.filter((each) => each.text === text);
    const pieces = own.flatMap((each) => ('piece' in each ? [each.piece] : []));
    const last = own.at(-1);
    assert.ok(last !== undefined && 'end' in last, 'the end comes last');
    return { pieces, text: pieces.map((piece) => piece.text).join(''), end: last.end };
  });
}

/** The model of numbers with a chat template that puts messages one behind the other. */
async function writeChatModel(folder: string): Promise<string> {
  await cp(numbers, folder, { recursive: true });
  const file = path.join(folder, 'tokenizer_config.json');
  const config = JSON.parse(await readFile(file, 'utf8')) as object;
  const template = '{% for message in messages %}{{ message.content }}{% endfor %}';
  await writeJson(file, { ...config, chat_template: template });
  return folder;
}

async function start(t: TestContext): Promise<{ source: PlaygroundSource; folder: string; adapter: string }> {
  const folder = await temporaryFolder(t);
  const adapter = path.join(folder, 'other');
  await writeTinyAdapter(adapter, numbers);
  return { source: new TestEngine(t).client.playground, folder, adapter };
}

describe('the playground of an engine process', () => {
  test('opens the base that an adapter names, and knows which adapters are of it', async (t) => {
    const { source, folder, adapter } = await start(t);
    const model = await source.open({ baseModel: null, adapter });
    assert.deepEqual([model.path, model.name, model.knowsChat], [numbers, 'model', false]);
    assert.match(model.words, /^llama, .* parameters, reads \d+ tokens$/);
    const foreign = path.join(folder, 'foreign');
    await writeTinyAdapter(foreign, numbers, {});
    const config = path.join(foreign, 'adapter_config.json');
    await writeFile(config, (await readFile(config, 'utf8')).replace(numbers, '/nowhere/model'));
    const found = await source.adapters({ baseModel: numbers, folders: [adapter, foreign] });
    assert.deepEqual(
      found.map((each) => each.isOfBase),
      [true, false],
    );
    await assert.rejects(
      source.open({ baseModel: null, adapter: foreign }),
      (error) => error instanceof Failure && error.code === 'base-of-adapter-unknown',
    );
  });

  test('writes in every column what `lora generate` writes, with the same probabilities', async (t) => {
    const { source, adapter } = await start(t);
    const columns = [
      [],
      [{ folder: adapter, weight: 1 }],
      [{ folder: adapter, weight: 0.5 }],
      [{ folder: adapter, weight: 0 }],
    ];
    const texts = await written(source, requestFor({ columns }));
    const [base, whole, half, none] = texts;
    assert.equal(base!.text, ' 10, 11, 12, 13, 14, 15,');
    assert.equal(none!.text, base!.text);
    assert.notEqual(whole!.text, base!.text);
    assert.notDeepEqual(half!.pieces, whole!.pieces);
    for (const [column, text] of [
      [[], base!],
      [['--adapter', adapter], whole!],
      [['--adapter', `${adapter}:0.5`], half!],
    ] as const) {
      const args = ['generate', '--base-model', numbers, ...column, '--prompt', '9,', '--max-new-tokens', '12'];
      const { stdout, stderr } = await lora([...args, '--logprobs', '3', '--json']);
      assert.equal(stderr, '');
      const { completions } = JSON.parse(stdout) as Generation;
      assert.equal(text.text, completions[0]!.text);
      const tokens = text.pieces.flatMap((piece) => piece.tokens);
      const expected = completions[0]!.logprobs!;
      assert.deepEqual(
        tokens.map(({ id }) => id),
        expected.map(({ id }) => id),
      );
      tokens.forEach((token, at) => {
        assert.ok(Math.abs(token.logprob - expected[at]!.logprob) < 1e-3);
        assert.deepEqual([token.top.length, token.top[0]!.text], [3, expected[at]!.top[0]!.text]);
      });
      assert.deepEqual(
        [text.end.reason, text.end.tokens, text.end.problem],
        [completions[0]!.finish_reason, tokens.length, null],
      );
      assert.ok(text.end.tokensPerSecond! > 0);
    }
  });

  test('writes a set of prompts in all columns, and tells what is wrong with one text of that text alone', async (t) => {
    const { source, folder, adapter } = await start(t);
    const columns = [[], [{ folder: path.join(folder, 'nowhere'), weight: 1 }], [{ folder: adapter, weight: 1 }]];
    const texts = await written(
      source,
      requestFor({ columns, prompts: ['9,', '1, '.repeat(400), '41,'], likeliest: null }),
    );
    assert.equal(texts[0]!.text, ' 10, 11, 12, 13, 14, 15,');
    assert.equal(texts[6]!.text, ' 42, 43, 44, 45, 46, 47,');
    assert.ok(texts[0]!.pieces.every(({ tokens }) => tokens.length === 0));
    const codes = texts.map(({ end }) => (end.problem?.kind === 'failure' ? end.problem.code : end.reason));
    const gone = 'adapter-missing';
    assert.deepEqual(codes, [
      'length',
      gone,
      'length',
      'prompt-too-long',
      gone,
      'prompt-too-long',
      'length',
      gone,
      'length',
    ]);
  });

  test('ends all texts before their next token when the request is cancelled, and goes on with the next one', async (t) => {
    const { source, adapter } = await start(t);
    const columns = [[], [{ folder: adapter, weight: 1 }]];
    // Long enough that a text which is not stopped would be noticed.
    const request = requestFor({ columns, sampling: { ...sampling, maxNewTokens: 240 } });
    const stop = new AbortController();
    const news: PlaygroundNews[] = [];
    let atStop = 0;
    const ended = await source.write(
      request,
      (each) => {
        news.push(each);
        if (news.length !== 8) return;
        atStop = news.length;
        stop.abort();
      },
      stop.signal,
    );
    assert.equal(ended.outcome, 'stopped');
    const texts = textsOf(news, request);
    assert.ok(texts.some(({ end }) => end.reason === 'stopped'));
    const told = news.length - atStop;
    t.diagnostic(`${told} pieces and ends of ${columns.length} texts were told after the stop`);
    assert.ok(texts.every(({ end }) => end.tokens < 240));
    assert.deepEqual(await source.write(request, () => undefined, AbortSignal.abort()), { outcome: 'stopped' });
    assert.equal((await written(source, requestFor({})))[0]!.text, ' 10, 11, 12, 13, 14, 15,');
  });

  test('reads an adapter again that was trained anew', async (t) => {
    const { source, adapter } = await start(t);
    const request = requestFor({ columns: [[{ folder: adapter, weight: 1 }]] });
    const before = await written(source, request);
    await writeTinyAdapter(adapter, numbers, { r: 2 }, 7);
    const after = await written(source, request);
    assert.notDeepEqual(after[0]!.pieces, before[0]!.pieces);
  });

  test('goes on with conversations, each column with its own turns', async (t) => {
    const { source, folder, adapter } = await start(t);
    const baseModel = await writeChatModel(path.join(folder, 'chat'));
    const columns = [[], [{ folder: adapter, weight: 1 }], []];
    const earlier = [[{ prompt: '9,', answer: ' 10, 11,' }], [{ prompt: '9,', answer: ' 19, 29,' }]];
    const request = requestFor({ baseModel, isChat: true, columns, earlier, prompts: [' 41,'] });
    const texts = await written(source, request);
    // What the template makes of it is read as it stands: the third column has no earlier turns.
    const asWhole = [
      ['9, 10, 11, 41,', columns[0]!],
      ['9, 19, 29, 41,', columns[1]!],
      [' 41,', []],
    ] as const;
    for (const [at, [prompt, column]] of asWhole.entries()) {
      const [whole] = await written(
        source,
        requestFor({ baseModel, isChat: true, columns: [column], prompts: [prompt] }),
      );
      assert.equal(texts[at]!.text, whole!.text);
    }
    assert.notEqual(texts[0]!.text, texts[1]!.text);
  });

  test('uses the chat template, with a system prompt before', async (t) => {
    const { source, folder } = await start(t);
    const chat = await writeChatModel(path.join(folder, 'chat'));
    assert.equal((await source.open({ baseModel: chat, adapter: null })).knowsChat, true);
    const request = requestFor({ baseModel: chat, isChat: true, system: '7, 8, ', prompts: ['9,'] });
    assert.equal((await written(source, request))[0]!.text, ' 10, 11, 12, 13, 14, 15,');
    const without = requestFor({ isChat: true });
    const problem = (await written(source, without))[0]!.end.problem;
    assert.ok(problem?.kind === 'failure' && problem.code === 'chat-template-missing');
  });

  test('knows what was found out about an adapter as it is now', async (t) => {
    const { source, folder, adapter } = await start(t);
    const data = path.join(folder, 'data.jsonl');
    await writeFile(data, (await readFile('examples/numbers/data.jsonl', 'utf8')).split('\n').slice(0, 8).join('\n'));
    const args = ['evaluate', '--base-model', numbers, '--adapter', adapter, '--dataset', data, '--json'];
    const evaluated = JSON.parse((await lora(args)).stdout) as { eval_loss: number };
    const [found] = await source.adapters({ baseModel: numbers, folders: [adapter] });
    assert.equal(found!.evaluations.length, 1);
    assert.deepEqual([found!.evaluations[0]!.dataset, found!.evaluations[0]!.loss], [data, evaluated.eval_loss]);
    assert.ok(found!.evaluations[0]!.baseLoss! > 0);
    assert.ok(found!.evaluations[0]!.baseAccuracy! >= 0);
    await writeTinyAdapter(adapter, numbers, {}, 9);
    const [again] = await source.adapters({ baseModel: numbers, folders: [adapter] });
    assert.deepEqual(again!.evaluations, []);
  });
});
