import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { recipeChecks } from '../../../src/recipe/checks';
import type { RecipeDraft } from '../../../src/recipe/draft';
import { applyEdits } from '../../../src/recipe/fixEdits';
import { checkDraft } from '../../../src/recipe/parse';
import type { Problem } from '../../../src/recipe/problem';
import { TextIndex } from '../../../src/recipe/textIndex';
import { modelFixtures } from './modelFixtures';
import { data, factsFor, machine } from './sampleFacts';
import { unmarked } from './unmarked';
import { worldFixtures } from './worldFixtures';

/** What fixtures may say besides: a recipe of few keys has no evaluation, for example. */
const fixtures = [...modelFixtures, ...worldFixtures];

describe('each problem of the world around a recipe', () => {
  for (const [at, fixture] of fixtures.entries()) {
    const { code, failing, passing, says, facts, otherFacts, fixed } = fixture;
    test(`${code} (${at}) is reported alone, at its place, and not without cause`, () => {
      const { text, start, length } = unmarked(failing);
      const world = factsFor(text, facts);
      const problems = checkDraft(text, world);
      assert.deepEqual(
        problems.map((problem) => problem.code),
        [code],
      );
      const [problem] = problems as [Problem];
      assert.deepEqual(problem.range, new TextIndex(text).range(start, length));
      assert.match(problem.message, says ?? /[.?!]$/);
      assert.deepEqual(checkDraft(passing, factsFor(passing, otherFacts ?? facts)), []);
      if (fixed !== undefined) {
        const [fix] = problem.fixes ?? [];
        assert.equal(applyEdits(text, fix!.edits), fixed);
      }
    });

    test(`${code} (${at}): a fix that only changes the recipe makes it go away`, () => {
      const { text } = unmarked(failing);
      for (const fix of checkDraft(text, factsFor(text, facts))[0]?.fixes ?? []) {
        const after = applyEdits(text, fix.edits);
        // The world looks at the text again, except where the fixture is a made-up world.
        const left = checkDraft(after, factsFor(after, facts)).map((problem) => problem.code);
        assert.ok(!left.includes(code) || dependsOnWorld.has(code), `${fix.title}: ${after}`);
        const broken = ['recipe-syntax', 'unknown-key', 'wrong-type', 'unknown-value'];
        assert.ok(!left.some((other) => broken.includes(other)), `${fix.title}: ${left.join()}`);
      }
    });
  }

  test('every check of the table that needs facts has a fixture', () => {
    const covered = new Set(fixtures.map(({ code }) => code));
    const missing = recipeChecks.filter(({ code, needs }) => needs.length > 0 && !covered.has(code));
    // The processor computes in fp32 alone, so half precision is refused there before.
    assert.deepEqual(
      missing.map(({ code }) => code),
      ['half-precision-on-cpu'],
    );
  });

  test('half precision on a processor that can is doubted', () => {
    const check = recipeChecks.find(({ code }) => code === 'half-precision-on-cpu')!;
    const able = { ...machine, devices: [{ device: 'cpu', precisions: ['fp32', 'bf16'] }] };
    assert.equal(check.run({ engine: { precision: 'bf16' } }, { machine: able }).length, 1);
    assert.deepEqual(check.run({ engine: { precision: 'bf16' } }, { machine }), []);
    assert.deepEqual(check.run({ engine: { precision: 'fp32' } }, { machine: able }), []);
  });
});

test('where memory of a graphics card is short, only what the recipe can then be trained with is proposed', () => {
  const check = recipeChecks.find(({ code }) => code === 'memory-short')!;
  const card = { device: 'webgpu', precisions: ['fp32', 'fp16'], quantizations: ['int8'], memoryBytes: 8e9 };
  const facts = {
    machine: { ...machine, devices: [card] },
    cost: { memoryBytes: 10e9, steps: 10, onDevice: { device: 'webgpu', memoryBytes: 9e9 } },
  };
  const proposed = (engine: NonNullable<RecipeDraft['engine']>): readonly string[] =>
    check.run({ engine }, facts)[0]!.fixes!.map(({ changes }) => changes[0]!.path.join('.'));
  const rows = 'training.per_device_train_batch_size';
  const checkpointing = 'training.gradient_checkpointing';
  const quantization = 'engine.quantization';
  assert.deepEqual(proposed({}), [checkpointing, 'engine.device', rows, quantization, quantization]);
  assert.deepEqual(proposed({ device: 'webgpu' }), [checkpointing, 'engine.device', rows, quantization]);
  // Not on the processor, which has no 16 bits.
  assert.deepEqual(proposed({ precision: 'fp16' }), [checkpointing, rows, quantization]);
  assert.deepEqual(proposed({ precision: 'bf16' }), [checkpointing, rows]);
  assert.deepEqual(proposed({ quantization: 'int8' }), [checkpointing, 'engine.device', rows]);
});

/** Facts that only change when the files are read again. */
const dependsOnWorld = new Set([
  ...['dataset-all-masked', 'rows-cut-away', 'rows-cut-off', 'template-token-split', 'memory-short', 'output-shared'],
  ...['dataset-format-unknown', 'dataset-column-missing', 'dataset-chat-template-missing'],
]);

describe('checkDraft', () => {
  const text = '{ "base_model": "m", "dataset": { "path": "d.jsonl" } }';

  test('waits for what is not known yet', () => {
    assert.deepEqual(checkDraft(text, {}), []);
    assert.deepEqual(checkDraft(text, { tokens: undefined, data: undefined }), []);
  });

  test('says every bad row at its line, and where the recipe names the file', () => {
    const bad = [2, 7].map((line) => ({
      code: 'dataset-row-invalid',
      message: 'This row cannot be used.',
      file: data.file,
      line,
    }));
    const problems = checkDraft(text, factsFor(text, { data: { ...data, badRows: bad, badRowCount: 2 } }));
    assert.deepEqual(
      problems.map(({ file, range, path }) => [file, range.start.line, path]),
      [
        [data.file, 1, ''],
        [data.file, 6, ''],
      ],
    );
    const start = text.indexOf('"d.jsonl"');
    assert.deepEqual(problems[0]!.related?.[0]?.range, new TextIndex(text).range(start, 9));
  });

  test('says how many bad rows there are beyond those that are marked', () => {
    const bad = [{ code: 'dataset-row-invalid', message: 'This row cannot be used.', file: data.file, line: 2 }];
    const [first] = checkDraft(text, factsFor(text, { data: { ...data, badRows: bad, badRowCount: 50 } }));
    assert.equal(first!.path, 'dataset.path');
    assert.match(first!.message, /^50 of the first 100 rows/);
  });

  test('says once what two parts of the facts failed for', () => {
    const failure = { code: 'tokenizer-missing', message: 'No tokenizer.', file: '/project/m' };
    const problems = checkDraft(text, { tokens: { failure }, evalTokens: { failure } });
    assert.deepEqual(
      problems.map(({ code, path }) => [code, path]),
      [['tokenizer-missing', 'dataset.path']],
    );
  });

  test('says nothing more of a value that is not built yet', () => {
    const task = '{ "task_type": "SEQ_CLS", "base_model": "m", "dataset": { "path": "d.jsonl" } }';
    assert.deepEqual(
      checkDraft(task, factsFor(task)).map(({ code }) => code),
      ['not-built-yet'],
    );
  });
});
