import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, test } from 'node:test';

interface Row {
  readonly prompt: string;
  readonly completion: string;
}

const folder = path.resolve('examples/git-commands');
const read = (file: string): readonly Row[] =>
  readFileSync(path.join(folder, file), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Row);

describe('the dataset of examples/git-commands', () => {
  const [train, held] = [read('data.jsonl'), read('eval.jsonl')];

  test('asks no wish twice, neither within a file nor across both', () => {
    const wishes = [...train, ...held].map(({ prompt }) => prompt.toLowerCase());
    assert.equal(new Set(wishes).size, wishes.length);
  });

  test('ends every wish with a colon, and begins every answer with a blank and git', () => {
    for (const { prompt, completion } of [...train, ...held]) {
      assert.match(prompt, /^[A-Z].*[^\s.?]:$/);
      assert.match(completion, /^ git \S.*\S$/);
    }
  });

  test('has the sizes that its README tells', () => {
    const readme = readFileSync(path.join(folder, 'README.md'), 'utf8');
    assert.ok(readme.includes(`(${train.length} rows to learn from)`));
    assert.ok(readme.includes(`(${held.length} rows to measure with)`));
  });
});
