import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { findCycle, importsOf, resolveImport } from './imports';

describe('imports are found', () => {
  const finds = (source: string, ...expected: [string, boolean][]): void =>
    void test(source, () => {
      assert.deepEqual(
        importsOf(source).map(({ specifier, typeOnly }) => [specifier, typeOnly]),
        expected,
      );
    });
  finds("import { a } from './a';", ['./a', false]);
  finds("import type { A } from './a';", ['./a', true]);
  finds("import { type A, type B } from './a';", ['./a', true]);
  finds("import { type A, b } from './a';", ['./a', false]);
  finds("import a from 'a'; import * as b from 'b'; import 'c';", ['a', false], ['b', false], ['c', false]);
  finds("import {} from './a';", ['./a', false]);
  finds("export { a } from './a'; export * from './b';", ['./a', false], ['./b', false]);
  finds("export type { A } from './a';", ['./a', true]);
  finds("async function f() { await import('./a'); }", ['./a', false]);
  finds("const a = require('a');", ['a', false]);
  finds("let a: import('./a').A;", ['./a', true]);
  finds("// import { a } from './a';\nconst text = \"import './b'\"; export const c = 1;");
});

describe('an import means', () => {
  const files = new Set(['src/a.ts', 'src/room/b.ts', 'src/room/index.ts', 'schemas/x.json']);
  test('a file beside', () => assert.equal(resolveImport('src/room/c.ts', './b', files), 'src/room/b.ts'));
  test('a file above', () => assert.equal(resolveImport('src/room/c.ts', '../a', files), 'src/a.ts'));
  test('a folder', () => assert.equal(resolveImport('src/a.ts', './room', files), 'src/room/index.ts'));
  test('data', () => assert.equal(resolveImport('src/a.ts', '../schemas/x.json', files), 'schemas/x.json'));
  test('a package', () => assert.equal(resolveImport('src/a.ts', 'node:fs', files), undefined));
  test('a file that must be there', () => {
    assert.throws(() => resolveImport('src/a.ts', './missing', files), /src\/a\.ts imports \.\/missing/);
  });
});

describe('a cycle is found', () => {
  const edges = (...pairs: string[]): ReadonlyMap<string, readonly string[]> => {
    const map = new Map<string, string[]>();
    for (const [from, to] of pairs as unknown as [string, string][]) map.set(from, [...(map.get(from) ?? []), to]);
    return map;
  };
  test('through several files', () => assert.deepEqual(findCycle(edges('ab', 'bc', 'cd', 'db')), ['b', 'c', 'd', 'b']));
  test('of one file with itself', () => assert.deepEqual(findCycle(edges('aa')), ['a', 'a']));
  test('behind a part without one', () => assert.deepEqual(findCycle(edges('ab', 'cd', 'dc')), ['c', 'd', 'c']));
  test('but not where two ways lead to one file', () =>
    assert.equal(findCycle(edges('ab', 'ac', 'bd', 'cd')), undefined));
});
