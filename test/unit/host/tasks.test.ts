import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Failure } from '../../../src/failure/failure';
import { EngineCrash } from '../../../src/host/engine/engineCrash';
import { readDefinition, requestOf } from '../../../src/host/tasks/taskDefinition';
import { TaskLines } from '../../../src/host/tasks/taskLines';
import { exitCodeOf, problemLines } from '../../../src/host/tasks/taskProblems';
import { plan, started, step } from '../views/events';

const recipe = '/w/a.lora.json';

describe('the definition of a task', () => {
  test('becomes a request for training', () => {
    const definition = readDefinition({ type: 'lora', recipe: 'a.lora.json', resume: 'latest', set: ['lora.r=2'] });
    assert.ok(typeof definition === 'object');
    assert.deepEqual(requestOf(definition, recipe), {
      recipeFile: recipe,
      resume: 'latest',
      overrides: ['lora.r=2'],
    });
    assert.deepEqual(requestOf({ type: 'lora', recipe: 'a.lora.json' }, recipe), { recipeFile: recipe });
  });

  test('that is none is refused in a sentence', () => {
    const refusal = (value: Readonly<Record<string, unknown>>): string => {
      const read = readDefinition(value);
      return typeof read === 'string' ? read : 'accepted';
    };
    assert.match(refusal({ type: 'lora' }), /needs "recipe"/);
    assert.match(refusal({ type: 'lora', recipe: 'a', resume: 3 }), /"resume" is/);
    assert.match(refusal({ type: 'lora', recipe: 'a', set: 'lora.r=2' }), /"set" is a list/);
  });
});

describe('the lines of a task', () => {
  test('tell of one step a second, of the first and of the last', () => {
    let now = 0;
    const lines = new TaskLines(() => now);
    const told: string[] = [];
    for (const event of [started('/w/r', 40), ...Array.from({ length: 40 }, (_, at) => step(at + 1))]) {
      told.push(...lines.linesFor(event).map((line) => /^step (\S+)/.exec(line)?.[1] ?? line));
      now += 100;
    }
    assert.deepEqual(told, ['Run r in /w/r', '1/40', '11/40', '21/40', '31/40', '40/40']);
  });

  test('say what is trained, where it is kept, and how it ended', () => {
    const lines = new TaskLines(() => 0);
    assert.deepEqual(lines.linesFor({ type: 'plan', ...plan }), [
      'Trains 92,160 parameters on ./stories15M: 900 rows, 900 steps.',
    ]);
    const finished = { type: 'finished', adapter: '/w/adapters/a', steps: 900, loss: 0.5, eval_loss: null } as const;
    assert.deepEqual(lines.linesFor(finished), ['Done after 900 steps: loss 0.5000.', 'Adapter: /w/adapters/a']);
    const stopped = { type: 'cancelled', step: 3, checkpoint: '/c' } as const;
    assert.match(lines.linesFor(stopped)[0]!, /^Stopped after step 3; .*latest/);
    assert.deepEqual(lines.linesFor({ ...stopped, step: 0, checkpoint: null }), [
      'Stopped before the first checkpoint.',
    ]);
  });
});

describe('the problems of a task', () => {
  const failed = (failure: Failure) => ({ kind: 'failed', failure }) as const;

  test('are all errors of the recipe, each at its place', () => {
    const text = '{\n  "base_model": "m",\n  "dataset": { "path": 7 },\n  "lora": { "r": -1 }\n}\n';
    const failure = new Failure('wrong-type', 'The first of them.', { place: { file: recipe, line: 3 } });
    const lines = problemLines(failed(failure), recipe, text);
    assert.deepEqual(
      lines.map((line) => line.split(' ').slice(0, 3).join(' ')),
      [`${recipe}:3:24: error wrong-type:`, `${recipe}:4:18: error out-of-range:`],
    );
  });

  test('lie where the engine found them: a key of the recipe, a line of the data', () => {
    const text = '{\n  "base_model": "m",\n  "dataset": { "path": "d.jsonl" },\n  "lora": { "r": 8 }\n}\n';
    const ofKey = new Failure('rank-high', 'Too high.', { hint: 'Less.', place: { file: recipe, path: 'lora.r' } });
    assert.deepEqual(problemLines(failed(ofKey), recipe, text), [`${recipe}:4:18: error rank-high: Too high. Less.`]);
    const ofData = new Failure('row-broken', 'Broken.', { place: { file: '/w/d.jsonl', line: 7 } });
    assert.deepEqual(problemLines(failed(ofData), recipe, text), ['/w/d.jsonl:7:1: error row-broken: Broken.']);
    const ofNothing = new Failure('engine-busy', 'Busy.');
    assert.deepEqual(problemLines(failed(ofNothing), recipe, undefined), [`${recipe}:1:1: error engine-busy: Busy.`]);
  });

  test('end with the exit code of the command line', () => {
    const crash = new EngineCrash('It ended.', [], 1);
    assert.equal(exitCodeOf({ kind: 'finished' }), 0);
    assert.equal(exitCodeOf({ kind: 'cancelled' }), 130);
    assert.equal(exitCodeOf(failed(new Failure('a', 'A.'))), 1);
    assert.equal(exitCodeOf(failed(new Failure('a', 'A.', { exitCode: 3 }))), 3);
    assert.equal(exitCodeOf({ kind: 'crashed', crash }), 3);
    assert.match(
      problemLines({ kind: 'crashed', crash }, recipe, undefined)[0]!,
      /:1:1: error engine-ended: It ended\./,
    );
  });
});
