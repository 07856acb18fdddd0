import assert from 'node:assert/strict';
import { readFile, writeFile, mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { before, describe, test } from 'node:test';
import type { TestContext } from 'node:test';
import type { Evaluation, EvaluationOptions } from '../../../src/run/answers';
import { Failure } from '../../../src/failure/failure';
import { meanOf, shareOf, studentQuantile } from '../../../src/engine/operations/evaluation/intervals';
import { finalNumber, scorerOf } from '../../../src/engine/operations/evaluation/scoring';
import { randomStream } from '../../../src/random/randomStream';
import { jsonLines, temporaryFolder, tinyRows } from '../../tiny/recipe';
import type { TinyProject } from '../../tiny/recipe';
import { engine, project, train } from './engine';

describe('scoring an answer', () => {
  test('exactly, but for spaces', () => {
    const exact = scorerOf('exact');
    assert.ok(exact(' Yes,\nplease ', 'Yes, please'));
    assert.ok(!exact('yes, please', 'Yes, please'));
  });

  test('of gsm8k by the number that it ends with', () => {
    const score = scorerOf('gsm8k');
    const expected = 'She makes 9 * 2 = $<<9*2=18>>18 every day.\n#### 18';
    for (const answer of ['#### 18', 'So 2 and 16 are $18.', 'It is 18.0', '18', '#### 18 dollars, not 20']) {
      assert.ok(score(answer, expected), answer);
    }
    for (const answer of ['#### 19', '', 'eighteen', '18 or 19', '-18']) assert.ok(!score(answer, expected), answer);
    assert.equal(finalNumber('about 1,234,567.50 in all'), 1234567.5);
    assert.equal(finalNumber('from -3 to .5'), 0.5);
    assert.equal(finalNumber('none'), undefined);
  });

  test('by what a pattern finds last', () => {
    const score = scorerOf('regex:answer: (\\w+)');
    assert.ok(score('answer: no. answer: Yes', 'the answer: Yes'));
    assert.ok(score('answer: Yes', 'Yes'));
    assert.ok(!score('Yes', 'Yes'));
  });

  test('refuses what is no way of scoring', () => {
    for (const method of ['regex:(', 'bleu', 'regex:((a|.)+)+!']) {
      assert.throws(
        () => scorerOf(method)('a'.repeat(60), 'a'),
        (error) => error instanceof Failure && error.code === 'score-invalid',
      );
    }
  });
});

describe('intervals', () => {
  test('hold the true value in about 95 of 100 cases', () => {
    const random = randomStream(1, 'intervals');
    let held = 0;
    for (let i = 0; i < 2000; i++) {
      const groups = Array.from({ length: 12 }, () => {
        const count = 5 + Math.floor(20 * random.uniform());
        // What is common to a group counts more than its single tokens.
        return { count, sum: count * (2 + random.normal()) };
      });
      const [low, high] = meanOf(groups).interval;
      held += Number(low <= 2 && 2 <= high);
    }
    assert.ok(held > 1850 && held < 1940, `${held}`);
  });

  test('of shares are those of Wilson', () => {
    const { share, interval } = shareOf(8, 10);
    assert.equal(share, 0.8);
    assert.ok(Math.abs(interval[0] - 0.4902) < 1e-3 && Math.abs(interval[1] - 0.9433) < 1e-3, String(interval));
    assert.deepEqual([shareOf(0, 5).interval[0], shareOf(5, 5).interval[1]], [0, 1]);
  });

  test('widen as Student says where there are few rows', () => {
    const expected = new Map([
      [1, 12.706],
      [4, 2.776],
      [5, 2.571],
      [10, 2.228],
      [30, 2.042],
      [1000, 1.962],
    ]);
    for (const [freedom, value] of expected)
      assert.ok(Math.abs(studentQuantile(freedom) - value) < 0.006, `${freedom}`);
  });
});

let trained: TinyProject;
before(async (t) => {
  // The context of a suite's hook outlives its tests.
  trained = await project(t as TestContext, { training: { max_steps: 150 } });
  await train(trained);
});

describe('evaluating an adapter', () => {
  const evaluate = (changes: Partial<EvaluationOptions> = {}): Promise<Evaluation> => {
    const adapters = [{ folder: trained.output, weight: 1 }];
    return engine.evaluate({ baseModel: trained.model, adapters, dataset: trained.data, maxLength: 32, ...changes });
  };

  test('says that it is better than the base where it is, and measures both', async () => {
    const found = await evaluate();
    const base = await evaluate({ adapters: [] });
    assert.equal(base.base, undefined);
    assert.equal(base.verdict, undefined);
    assert.ok(Math.abs(found.base!.eval_loss - base.eval_loss) < 1e-6);
    assert.ok(Math.abs(found.base!.difference.mean - (found.eval_loss - base.eval_loss)) < 1e-6);
    const [low, high] = found.eval_loss_interval!;
    assert.ok(low < found.eval_loss && found.eval_loss < high);
    // A share is never more than all, however few rows there are.
    for (const interval of [found.mean_token_accuracy_interval!, base.mean_token_accuracy_interval!]) {
      assert.ok(interval[0] >= 0 && interval[1] <= 1 && interval[0] <= interval[1], String(interval));
    }
    assert.match(found.verdict!, /^It is better than the base model on this data: the loss falls by /);
  });

  test('does not claim what a single row cannot tell', async (t) => {
    const dataset = path.join(await temporaryFolder(t), 'one.jsonl');
    await writeFile(dataset, jsonLines(tinyRows(1)));
    const { verdict, eval_loss_interval: interval } = await evaluate({ dataset });
    assert.equal(interval, null);
    assert.match(verdict!, /^It is neither better nor worse/);
  });

  test('claims what rows tell that would all fit into one line', async (t) => {
    const dataset = path.join(await temporaryFolder(t), 'few.jsonl');
    await writeFile(dataset, jsonLines(tinyRows(8)));
    const { verdict, eval_loss_interval: interval } = await evaluate({ dataset, maxLength: 64 });
    assert.ok(interval?.every(Number.isFinite));
    assert.match(verdict!, /^It is better than the base model/);
  });

  test('lets both answer and counts what is right', async () => {
    const seen: string[] = [];
    const options = { baseModel: trained.model, adapters: [{ folder: trained.output, weight: 1 }] };
    const score = { method: 'exact', limit: 10, maxNewTokens: 12 };
    const asked = { ...options, dataset: trained.data, maxLength: 32, score };
    const { score: found, verdict } = await engine.evaluate(asked, undefined, (words) => seen.push(words));
    assert.equal(found!.rows, 10);
    assert.equal(found!.correct, found!.answers.filter(({ correct }) => correct).length);
    for (const { row, expected, answer, correct } of found!.answers) {
      const { prompt, completion } = tinyRows()[row]!;
      assert.equal(expected, completion.trim());
      assert.equal(correct, answer.trim() === expected);
      const { completions } = await engine.generate(
        { ...options, prompt, chat: false, compare: false, maxNewTokens: 12, temperature: 0, topP: 1, seed: 0 },
        () => undefined,
      );
      assert.equal(answer, completions[0]!.text);
    }
    assert.equal(found!.base!.correct, 0);
    assert.match(verdict!, /of 10 answers are right|of 10 of them can tell/);
    assert.ok(seen.includes('answering: 20 of 20'));
  });

  test('refuses to score rows without a question', async (t) => {
    const dataset = path.join(await temporaryFolder(t), 'texts.jsonl');
    await writeFile(dataset, jsonLines([{ text: 'one two' }]));
    const score = { method: 'exact', limit: 10, maxNewTokens: 4 };
    await assert.rejects(evaluate({ dataset, score }), { code: 'evaluation-not-scorable' });
  });

  test("reads gsm8k's own files", async (t) => {
    const dataset = path.join(await temporaryFolder(t), 'test.jsonl');
    await writeFile(dataset, jsonLines([{ question: '3 + 3 =', answer: '3+3 is 6\n#### 6' }]));
    const { score } = await evaluate({ dataset, score: { method: 'gsm8k', limit: 5, maxNewTokens: 6 } });
    assert.equal(score!.answers[0]!.expected, '3+3 is 6\n#### 6');
  });

  test('keeps the result beside the adapter, one for each file and state of the adapter', async (t) => {
    const other = path.join(await temporaryFolder(t), 'other.jsonl');
    await writeFile(other, jsonLines(tinyRows(6)));
    const kept = async () => {
      const text = await readFile(path.join(trained.output, 'evaluation.json'), 'utf8');
      return (JSON.parse(text) as { evaluations: { dataset: string; eval_loss: number; adapter_sha256: string }[] })
        .evaluations;
    };
    const { kept: file, trained_on: trainedOn } = await evaluate({ keep: true });
    assert.equal(trainedOn, true);
    assert.equal(file, path.join(trained.output, 'evaluation.json'));
    const found = await evaluate({ keep: true, dataset: other });
    assert.equal(found.trained_on, undefined);
    await evaluate({ keep: true });
    const all = await kept();
    assert.deepEqual(all.map(({ dataset }) => dataset).sort(), [other, trained.data].sort());
    assert.equal(all.find(({ dataset }) => dataset === other)!.eval_loss, found.eval_loss);
    // The model card tells each once, and is otherwise as it was.
    const card = await readFile(path.join(trained.output, 'README.md'), 'utf8');
    assert.deepEqual(
      card.match(/^\| [^|]+ \| with the adapter \|/gm)?.sort(),
      [
        `| ${path.basename(trained.data)} (trained on) | with the adapter |`,
        '| other.jsonl | with the adapter |',
      ].sort(),
    );
    assert.ok(card.includes(found.verdict!.replace(/([*_#|])/g, '\\$1')));
    // An adapter at half its strength is another one.
    assert.equal((await evaluate({ keep: true, adapters: [{ folder: trained.output, weight: 0.5 }] })).kept, undefined);
    const before = all[0]!.adapter_sha256;
    await train(trained, { set: ['training.max_steps=151'] });
    await evaluate({ keep: true });
    const [only, ...others] = await kept();
    assert.deepEqual(others, []);
    assert.notEqual(only!.adapter_sha256, before);
  });

  test('is told where it cannot be kept', async () => {
    const file = path.join(trained.output, 'evaluation.json');
    await rm(file, { force: true });
    await mkdir(file);
    const found = await evaluate({ keep: true });
    assert.ok(found.eval_loss > 0 && found.kept === undefined);
    assert.match(found.not_kept!, /evaluation\.json/);
    await rm(file, { recursive: true });
  });
});
