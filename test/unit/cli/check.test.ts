import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
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
