import assert from 'node:assert/strict';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { parseRecipe } from '../../../src/recipe/parse';
import type { FileProblem } from '../../../src/run/answers';
import { engineWith, run } from './captured';
import { recipeFolder } from './recipeFolder';

let cwd = '';
before(() => {
  cwd = recipeFolder();
});
after(() => rmSync(cwd, { recursive: true, force: true }));

describe('check', () => {
  const range = { start: { line: 3, character: 11 }, end: { line: 3, character: 14 } };

  async function check(problem: Partial<FileProblem>, ...args: readonly string[]) {
    const engine = engineWith({
      check: (file) => {
        const message = 'The rank is 0.';
        const whole: FileProblem = { file, code: 'c', severity: 'error', message, path: 'lora.r', range, ...problem };
        return Promise.resolve({ file, problems: [whole] });
      },
    });
    return run(['check', 'bad.lora.json', ...args], { cwd, loadEngine: () => Promise.resolve(engine) });
  }

  test('prints problems as compilers do and exits with 1 for an error', async () => {
    const { exitCode, stdout, stderr } = await check({});
    assert.equal(exitCode, 1);
    assert.equal(stdout, 'bad.lora.json:4:12 error c The rank is 0.\n');
    assert.equal(stderr, '1 error in 1 file.\n');
  });

  test('exits with 0 for anything less', async () => {
    assert.equal((await check({ severity: 'warning' })).exitCode, 0);
    assert.equal((await check({ severity: 'info' })).exitCode, 0);
  });

  test('prints one list with --json', async () => {
    const { stdout } = await check({}, '--json');
    const file = path.join(cwd, 'bad.lora.json');
    assert.deepEqual(JSON.parse(stdout), [
      { file, code: 'c', severity: 'error', message: 'The rank is 0.', path: 'lora.r', range },
    ]);
  });
});

describe('check of several files', () => {
  const engine = engineWith({
    check: (file) => {
      const range = { start: { line: 0, character: 0 }, end: { line: 0, character: 1 } };
      return Promise.resolve({
        file,
        problems: [{ file, code: 'c', severity: 'warning', message: 'Hm.', path: '', range }],
      });
    },
  });

  test('lists one that is missing or a folder beside what is wrong in the others', async () => {
    const args = ['check', 'good.lora.json', 'nope', '.', 'bad.lora.json', '--json'];
    const { exitCode, stdout } = await run(args, { cwd, loadEngine: () => Promise.resolve(engine) });
    assert.equal(exitCode, 1);
    const problems = JSON.parse(stdout) as FileProblem[];
    assert.deepEqual(
      problems.map(({ file, code, severity }) => [path.relative(cwd, file), code, severity]),
      [
        ['good.lora.json', 'c', 'warning'],
        ['nope', 'recipe-not-found', 'error'],
        ['', 'recipe-unreadable', 'error'],
        ['bad.lora.json', 'c', 'warning'],
      ],
    );
    const zero = { line: 0, character: 0 };
    assert.deepEqual([problems[1]!.path, problems[1]!.range], ['', { start: zero, end: zero }]);
    assert.match(problems[1]!.message, /^There is no such recipe file\. /);
  });

  test('needs no engine where no file can be read', async () => {
    const { exitCode, stdout } = await run(['check', 'nope', '--json'], { cwd });
    assert.equal(exitCode, 1);
    assert.equal((JSON.parse(stdout) as FileProblem[]).length, 1);
  });
});

describe('check --fix', () => {
  const text = `{
  // the model
  "base_model": "m",
  "dataset": { "path": "d.jsonl" },
  "rank": 8,
  "training": { "learning_rates": "1e-4", "warmup_steps": 5, "warmup_ratio": 0.1 } // how
}
`;
  /** The checks of the text alone, as the engine's. */
  const engine = engineWith({
    check: (file) => {
      const { problems } = parseRecipe(readFileSync(file, 'utf8'));
      return Promise.resolve({ file, problems: problems.map((problem) => ({ ...problem, file })) });
    },
  });

  test('solves what can be solved for certain, round by round, and says what it did', async (t) => {
    const file = path.join(cwd, 'fixed.lora.json');
    t.after(() => rmSync(file, { force: true }));
    writeFileSync(file, text);
    const { exitCode, stdout, stderr } = await run(['check', 'fixed.lora.json', '--fix', '--json'], {
      cwd,
      loadEngine: () => Promise.resolve(engine),
    });
    assert.deepEqual([exitCode, stdout], [0, '[]\n']);
    assert.deepEqual(stderr.trimEnd().split('\n'), [
      'fixed fixed.lora.json:5:3 unknown-key: Move it to "lora.r"',
      'fixed fixed.lora.json:5:17 unknown-key: Write "learning_rate"',
      'fixed fixed.lora.json:5:59 warmup-twice: Delete "warmup_ratio"',
      'fixed fixed.lora.json:5:34 wrong-type: Write 0.0001 without quotes',
      'Nothing wrong in 1 file.',
    ]);
    assert.match(readFileSync(file, 'utf8'), /\/\/ the model\n[^]*"lora": \{ "r": 8 \}/);
  });

  test('changes nothing without it, and nothing where there is nothing to solve', async (t) => {
    const file = path.join(cwd, 'kept.lora.json');
    t.after(() => rmSync(file, { force: true }));
    for (const [content, args] of [
      [text, []],
      ['{ "base_model": ', ['--fix']],
      ['{ "dataset": { "path": "d" } }', ['--fix']],
    ] as const) {
      writeFileSync(file, content);
      await run(['check', file, ...args], { cwd, loadEngine: () => Promise.resolve(engine) });
      assert.equal(readFileSync(file, 'utf8'), content);
    }
  });
});
