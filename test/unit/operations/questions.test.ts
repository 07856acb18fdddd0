import assert from 'node:assert/strict';
import { cp, readFile, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { before, describe, test } from 'node:test';
import { Failure } from '../../../src/failure/failure';
import type { Completion, EvaluationOptions, GenerationOptions } from '../../../src/run/answers';
import { fingerprint } from '../../../src/engine/operations/fingerprint';
import { jsonLines, temporaryFolder, tinyRows, writeRecipe } from '../../tiny/recipe';
import type { TinyProject } from '../../tiny/recipe';
import { engine, load, project, train } from './engine';

async function failure(work: Promise<unknown>): Promise<Failure> {
  const outcome: unknown = await work.then(
    () => 'no failure',
    (error: unknown) => error,
  );
  assert.ok(outcome instanceof Failure, String(outcome));
  return outcome;
}

/** A project with a trained adapter that also replaces a norm. */
let trained: TinyProject;
before(async (t) => {
  // The context of a suite's hook outlives its tests.
  trained = await project(t as Parameters<typeof project>[0], {
    lora: { modules_to_save: ['norm'] },
    training: { max_steps: 40 },
  });
  await train(trained);
});

describe('evaluating', () => {
  const evaluate = (weight?: number, changes: Partial<EvaluationOptions> = {}): ReturnType<typeof engine.evaluate> =>
    engine.evaluate({
      baseModel: trained.model,
      adapters: weight === undefined ? [] : [{ folder: trained.output, weight }],
      dataset: trained.data,
      maxLength: 32,
      ...changes,
    });

  test('shows that the adapter has learnt its rows', async () => {
    const [base, tuned] = [await evaluate(), await evaluate(1)];
    assert.ok(tuned.eval_loss < 0.5 * base.eval_loss, `${base.eval_loss} → ${tuned.eval_loss}`);
    assert.ok(tuned.mean_token_accuracy > base.mean_token_accuracy);
    assert.equal(tuned.perplexity, Math.exp(tuned.eval_loss));
    assert.equal(tuned.tokens, base.tokens);
  });

  test('with an adapter of weight 0 gives the base model', async () => {
    const { base, verdict, ...figures } = await evaluate(0);
    assert.deepEqual(figures, await evaluate());
    assert.deepEqual(base!.difference, { mean: 0, interval: [0, 0] });
    assert.match(verdict!, /neither better nor worse/);
    assert.notEqual((await evaluate(0.5)).eval_loss, (await evaluate(1)).eval_loss);
  });

  test('counts exactly the supervised tokens', async () => {
    // Each character of an answer, and the token that ends it.
    const expected = tinyRows().reduce((sum, { completion }) => sum + completion.length + 1, 0);
    assert.equal((await evaluate()).tokens, expected);
  });

  test('does not depend on which rows share a line', async (t) => {
    const folder = await temporaryFolder(t);
    const losses = [];
    for (const [name, rows] of [
      ['first', tinyRows().slice(0, 1)],
      ['second', tinyRows().slice(6, 7)],
      ['both', [tinyRows()[0], tinyRows()[6]]],
    ] as const) {
      const dataset = path.join(folder, `${name}.jsonl`);
      await writeFile(dataset, jsonLines(rows));
      losses.push(await evaluate(1, { dataset }));
    }
    const [first, second, both] = losses as [(typeof losses)[0], (typeof losses)[0], (typeof losses)[0]];
    const together =
      (first.eval_loss * first.tokens + second.eval_loss * second.tokens) / (first.tokens + second.tokens);
    assert.ok(Math.abs(both.eval_loss - together) < 1e-5);
  });

  test('stops when it is asked to', async () => {
    const options = { baseModel: trained.model, adapters: [], dataset: trained.data, maxLength: 32 };
    await assert.rejects(engine.evaluate(options, AbortSignal.abort()), /abort/i);
  });

  test('refuses an adapter whose pattern never comes to an end', async (t) => {
    const folder = path.join(await temporaryFolder(t), 'adapter');
    await cp(trained.output, folder, { recursive: true });
    const file = path.join(folder, 'adapter_config.json');
    const config = JSON.parse(await readFile(file, 'utf8')) as Record<string, unknown>;
    await writeFile(file, JSON.stringify({ ...config, target_modules: '((a|.)+)+!' }));
    const { message } = await failure(evaluate(1, { adapters: [{ folder, weight: 1 }] }));
    assert.match(message, /a pattern in its adapter_config\.json takes too long to match/);
  });

  test('refuses an adapter that is none', async () => {
    const { exitCode } = await failure(evaluate(1, { adapters: [{ folder: trained.model, weight: 1 }] }));
    assert.equal(exitCode, 1);
  });
});

describe('generating', () => {
  const generate = (changes: Partial<GenerationOptions>, onText: (piece: string) => void = () => undefined) =>
    engine.generate(
      {
        ...{ baseModel: trained.model, adapters: [{ folder: trained.output, weight: 1 }], prompt: '3 + 3 =' },
        ...{ chat: false, compare: false, maxNewTokens: 8, temperature: 0, topP: 1, seed: 1 },
        ...changes,
      },
      ({ text }) => onText(text),
    );

  test('continues with what the adapter has learnt', async () => {
    const { prompt, completions } = await generate({});
    assert.equal(prompt, '3 + 3 =');
    assert.equal(completions.length, 1);
    // Answers are made of these.
    assert.match(completions[0]!.text, /^[ \d!]+$/);
    assert.equal(completions[0]!.adapter, trained.output);
  });

  test('compares base and adapter, base first', async () => {
    const { completions } = await generate({ compare: true });
    assert.deepEqual(
      completions.map(({ adapter }) => adapter),
      [null, trained.output],
    );
    assert.notEqual(completions[0]!.text, completions[1]!.text);
    const [base] = (await generate({ adapters: [] })).completions as [Completion];
    assert.equal(base.text, completions[0]!.text);
  });

  test('gives its text in pieces that make the whole', async () => {
    let text = '';
    const { completions } = await generate({}, (piece) => (text += piece));
    assert.equal(text, completions[0]!.text);
    assert.ok(completions[0]!.tokens >= text.length);
  });

  test('with the same seed says the same', async () => {
    const say = async (seed: number): Promise<string> =>
      (await generate({ temperature: 2, seed, maxNewTokens: 20 })).completions[0]!.text;
    assert.equal(await say(5), await say(5));
    assert.notEqual(await say(5), await say(6));
  });

  test('refuses to chat with a model that has no template', async () => {
    assert.equal((await failure(generate({ chat: true }))).code, 'chat-template-missing');
  });

  test('adds up several adapters: two halves are the whole', async (t) => {
    const plain = await project(t, { training: { max_steps: 30 } });
    await train(plain);
    const times = (...weights: number[]) => weights.map((weight) => ({ folder: plain.output, weight }));
    const answer = async (adapters: GenerationOptions['adapters']): Promise<Completion> =>
      (await generate({ baseModel: plain.model, adapters })).completions[0]!;
    const both = await answer(times(0.5, 0.5));
    assert.equal(both.text, (await answer(times(1))).text);
    assert.equal(both.adapter, `${plain.output} + ${plain.output}`);
    assert.equal((await answer(times(1, -1))).text, (await answer([])).text);
    const loss = async (adapters: GenerationOptions['adapters']): Promise<number> => {
      const options = { baseModel: plain.model, adapters, dataset: plain.data, maxLength: 32 };
      return (await engine.evaluate(options)).eval_loss;
    };
    const whole = await loss(times(1));
    assert.ok(Math.abs((await loss(times(0.25, 0.75))) - whole) < 1e-5);
    assert.ok(Math.abs((await loss(times(2))) - whole) > 1e-3);
  });

  test('refuses to add up adapters of which one replaces weights', async (t) => {
    const plain = await project(t);
    await train(plain);
    const adapters = [plain.output, trained.output].map((folder) => ({ folder, weight: 1 }));
    const { code, exitCode } = await failure(generate({ adapters }));
    assert.deepEqual([code, exitCode], ['adapters-not-combinable', 2]);
  });

  test('ends before a stop string, and says why it ended', async () => {
    const [free] = (await generate({ maxNewTokens: 12 })).completions as [Completion];
    const { text } = free;
    assert.equal(free.finish_reason, text.length < 12 ? 'stop' : 'length');
    const stop = text.slice(1, 3);
    const [stopped] = (await generate({ maxNewTokens: 12, stop: ['never', stop] })).completions as [Completion];
    assert.equal(stopped.text, text.slice(0, text.indexOf(stop)));
    assert.equal(stopped.finish_reason, 'stop');
  });

  test('tells how likely each token was', async () => {
    const [{ logprobs, tokens }] = (await generate({ topLogProbabilities: 3 })).completions as [Completion];
    assert.equal(logprobs!.length, tokens);
    for (const { id, logprob, top } of logprobs!) {
      assert.deepEqual([top.length, top[0]!.id, top[0]!.logprob], [3, id, logprob]);
      assert.ok(top[0]!.logprob >= top[1]!.logprob && top[1]!.logprob >= top[2]!.logprob && logprob <= 0);
    }
  });
});

describe('looking before training', () => {
  test('at tokens shows each and whether it is learnt', async (t) => {
    const tiny = await project(t);
    const [first, second, ...others] = await engine.tokens(await load(tiny), 2);
    assert.deepEqual([first!.row, second!.row, others], [0, 1, []]);
    assert.equal(first!.tokens.map(({ text }) => text).join(''), '<s>0 + 0 = 0</s>');
    const learnt = first!.tokens.filter(({ supervised }) => supervised).map(({ text }) => text);
    assert.deepEqual(learnt, [' ', '0', '</s>']);
  });

  test('at a plan counts the memory of the rows that there are', async (t) => {
    const tiny = await project(t, { base_model: 'model', training: { per_device_train_batch_size: 8 } });
    const bytes = async (...overrides: string[]): Promise<number> =>
      (await engine.plan(await load(tiny, ...overrides))).memory.lora_bytes;
    // The longest has 20 tokens.
    const short = await bytes('dataset.max_length=64', 'dataset.packing=false');
    assert.equal(await bytes('dataset.max_length=32', 'dataset.packing=false'), short);
    assert.ok((await bytes('dataset.max_length=12', 'dataset.packing=false')) < short);
    // Packed, they fill longer ones.
    assert.ok((await bytes('dataset.max_length=64', 'dataset.packing=true')) > short);
    // All rows together are no more than one at a time.
    const all = await bytes('dataset.max_length=64', 'training.per_device_train_batch_size=64');
    assert.ok(all < (await bytes('dataset.max_length=64', 'training.per_device_train_batch_size=24')) * 1.1);
  });

  test('at a plan writes nothing', async (t) => {
    const tiny = await project(t);
    const entries = await readdir(tiny.folder, { recursive: true });
    const { data, adapter, compute } = await engine.plan(await load(tiny));
    assert.deepEqual([data.rows, data.total_steps, data.estimated], [24, 4, false]);
    assert.equal(adapter.modules.length, 4);
    assert.deepEqual([compute.max_length, compute.threads], [32, 1]);
    assert.deepEqual(await readdir(tiny.folder, { recursive: true }), entries);
  });

  test('at a recipe without faults finds none and writes nothing', async (t) => {
    const tiny = await project(t);
    const entries = await readdir(tiny.folder, { recursive: true });
    assert.deepEqual(await engine.check(tiny.recipe), { file: tiny.recipe, problems: [] });
    assert.deepEqual(await readdir(tiny.folder, { recursive: true }), entries);
  });

  test('at a target that matches nothing underlines it', async (t) => {
    const tiny = await project(t);
    await writeRecipe(tiny, { lora: { target_modules: ['q_proj', 'query'] } });
    const [problem, ...others] = (await engine.check(tiny.recipe)).problems;
    assert.deepEqual(others, []);
    assert.deepEqual([problem!.severity, problem!.path], ['error', 'lora.target_modules[1]']);
    assert.ok(problem!.range.start.line > 0);
  });

  test('at a broken row points into the dataset', async (t) => {
    const tiny = await project(t);
    await writeFile(tiny.data, `${jsonLines(tinyRows(3))}nonsense\n`);
    const problem = (await engine.check(tiny.recipe)).problems.find(({ severity }) => severity === 'error');
    assert.deepEqual([problem!.file, problem!.range.start.line], [tiny.data, 3]);
  });

  test('at masked labels finds them', async (t) => {
    const tiny = await project(t);
    await writeFile(tiny.data, jsonLines([{ prompt: 'x'.repeat(90), completion: 'y' }]));
    assert.deepEqual((await engine.check(tiny.recipe)).problems.map(({ code }) => code).sort(), [
      'dataset-all-masked',
      'few-rows',
    ]);
  });

  test('at the machine finds the processor usable, with a reason', async () => {
    const { devices, cores } = await engine.doctor();
    assert.ok(cores >= 1);
    const cpu = devices.find(({ runtime }) => runtime === 'onnxruntime');
    assert.equal(cpu?.usable, true);
    assert.match(cpu.reason, /\d/);
  });
});

describe('the fingerprint of a dataset', () => {
  test('of a small file is its hash', async (t) => {
    const file = path.join(await temporaryFolder(t), 'a');
    await writeFile(file, 'abc');
    assert.deepEqual(await fingerprint(file), {
      dataset_bytes: 3,
      // FIPS 180-4's example
      dataset_sha256: 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
      dataset_sample_sha256: null,
    });
  });

  test('of a larger one depends on pieces from all over it', async (t) => {
    const file = path.join(await temporaryFolder(t), 'a');
    const bytes = Buffer.alloc(8 * 2 ** 20);
    const prints = new Set<string | null>();
    for (const [start, end] of [
      [0, 0],
      [0, 1],
      [bytes.length - 1, bytes.length],
      [3e6, 3.2e6],
    ] as const) {
      const changed = Buffer.from(bytes).fill(1, start, end);
      await writeFile(file, changed);
      const print = await fingerprint(file, 2 ** 20);
      assert.deepEqual([print.dataset_bytes, print.dataset_sha256], [bytes.length, null]);
      prints.add(print.dataset_sample_sha256);
    }
    assert.equal(prints.size, 4);
  });
});
