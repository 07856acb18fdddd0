import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { recipeChecks } from '../../../src/recipe/checks';
import { applyEdits } from '../../../src/recipe/fixEdits';
import { parseRecipe } from '../../../src/recipe/parse';
import { hasErrors } from '../../../src/recipe/problem';
import { TextIndex } from '../../../src/recipe/textIndex';
import { problemFixtures } from './problemFixtures';
import { unmarked } from './unmarked';

describe('each problem', () => {
  for (const [at, { code, failing, passing, says, path }] of problemFixtures.entries()) {
    test(`${code} (${at}) is reported alone, at its place, and not without cause`, () => {
      const { text, start, length } = unmarked(failing);
      const { problems } = parseRecipe(text);
      assert.deepEqual(
        problems.map((problem) => problem.code),
        [code],
      );
      assert.deepEqual(problems[0]!.range, new TextIndex(text).range(start, length));
      if (says !== undefined) assert.match(problems[0]!.message, says);
      if (path !== undefined) assert.equal(problems[0]!.path, path);
      assert.match(problems[0]!.message, /[.?!]$|without quotes: \S+$|"$/, 'the message is a sentence');
      assert.deepEqual(parseRecipe(passing).problems, []);
    });
  }

  for (const [at, { code, failing }] of problemFixtures.entries()) {
    test(`${code} (${at}): every fix of it makes it go away and breaks nothing`, () => {
      const { text } = unmarked(failing);
      for (const fix of parseRecipe(text).problems[0]!.fixes ?? []) {
        const left = parseRecipe(applyEdits(text, fix.edits)).problems;
        assert.ok(!left.some((problem) => problem.code === code), `${fix.title}: ${applyEdits(text, fix.edits)}`);
        assert.ok(!hasErrors(left), `${fix.title}: ${left.map(({ message }) => message).join(' ')}`);
      }
    });
  }

  test('every check of the table that needs only the text has a fixture', () => {
    const covered = new Set(problemFixtures.map(({ code }) => code));
    const missing = recipeChecks.filter(({ code, needs }) => needs.length === 0 && !covered.has(code));
    assert.deepEqual(
      missing.map(({ code }) => code),
      [],
    );
  });

  test('those that a beginner can solve with one click are solved by one', () => {
    const solved = problemFixtures.filter(({ failing }) => {
      const [problem] = parseRecipe(unmarked(failing).text).problems;
      return problem!.fixes?.some(({ isPreferred }) => isPreferred) === true;
    });
    const codes = new Set(solved.map(({ code }) => code));
    const wanted = ['unknown-key', 'unknown-value', 'wrong-type', 'duplicate-key', 'empty-value', 'warmup-twice'];
    assert.deepEqual(
      wanted.filter((code) => !codes.has(code)),
      [],
    );
  });
});

describe('parseRecipe', () => {
  test('reads comments, trailing commas, a byte order mark and Windows line ends', () => {
    const text =
      '\uFEFF// my recipe\r\n{\r\n  "base_model": "m", /* local */\r\n  "dataset": { "path": "d", },\r\n}\r\n';
    const recipe = { base_model: 'm', dataset: { path: 'd' } };
    assert.deepEqual(parseRecipe(text), { recipe, draft: recipe, problems: [] });
  });

  test('counts lines and characters from 0', () => {
    const { problems } = parseRecipe('{\r\n  "base_model": "m",\r\n  "dataset": { "path": "d" },\r\n  "nme": 1\r\n}');
    assert.deepEqual(problems[0]!.range, { start: { line: 3, character: 2 }, end: { line: 3, character: 7 } });
  });

  test('keeps what is valid and drops what is not', () => {
    const { recipe, problems } = parseRecipe(
      '{ "base_model": "m", "dataset": { "path": "d" }, "lora": { "r": 0, "lora_alpha": 8, "x": 1 } }',
    );
    assert.deepEqual(recipe, { base_model: 'm', dataset: { path: 'd' }, lora: { lora_alpha: 8 } });
    assert.ok(hasErrors(problems));
  });

  test('puts problems in the order of the text', () => {
    const { problems } = parseRecipe(
      '{ "lora": { "lora_dropout": 0.6, "r": 0 }, "base_model": "m", "dataset": { "path": "d", "eval_split": 0 } }',
    );
    assert.deepEqual(
      problems.map(({ code }) => code),
      ['high-dropout', 'out-of-range', 'no-evaluation'],
    );
  });

  test('says once that a text is not closed and nothing about what could not be read', () => {
    const { recipe, problems } = parseRecipe('{ "base_model": "m", "dataset": ');
    assert.equal(recipe, undefined);
    assert.deepEqual(new Set(problems.map(({ code }) => code)), new Set(['recipe-syntax']));
  });

  for (const text of ['', ' // nothing', '[]', '7', '"recipe"', 'null', '{', '}', '{"a"', '[{', '['.repeat(100_000)]) {
    test(`survives ${JSON.stringify(text.slice(0, 12))}`, () => {
      const { recipe, problems } = parseRecipe(text);
      assert.equal(recipe, undefined);
      assert.ok(hasErrors(problems));
    });
  }

  test('treats names of object methods as any other unknown key', () => {
    const { problems } = parseRecipe(
      '{ "base_model": "m", "dataset": { "path": "d" }, "__proto__": {}, "toString": 1, "lora": { "constructor": 1 } }',
    );
    assert.deepEqual(
      problems.map(({ code, path }) => `${code} ${path}`),
      ['unknown-key __proto__', 'unknown-key toString', 'unknown-key lora.constructor'],
    );
  });

  test('accepts a module named __proto__ in a table of patterns', () => {
    const { recipe, problems } = parseRecipe(
      '{ "base_model": "m", "dataset": { "path": "d" }, "lora": { "rank_pattern": { "__proto__": 4 } } }',
    );
    assert.deepEqual(problems, []);
    assert.deepEqual(Object.entries(recipe?.lora?.rank_pattern ?? {}), [['__proto__', 4]]);
  });
});
