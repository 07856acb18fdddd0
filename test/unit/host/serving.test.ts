import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { selectedAdapters } from '../../../src/host/commands/selectedAdapters';
import { fittingTo, servedTogether } from '../../../src/host/serving/fitting';
import type { DescribedAdapter } from '../../../src/run/adapterBases';

const base = { path: '/m/one', name: 'one', family: 'llama', contextLength: 100, hasChatTemplate: true };
const lost = { code: 'base-of-adapter-unknown', message: 'Not found.', hint: null };
const broken = { code: 'adapter-weights-missing', message: 'No weights.', hint: null };
const a: DescribedAdapter = { folder: '/w/a', base, problem: null };
const b: DescribedAdapter = { folder: '/w/b', base, problem: null };
const other: DescribedAdapter = { folder: '/w/other', base: { ...base, path: '/m/two', name: 'two' }, problem: null };
const orphan: DescribedAdapter = { folder: '/w/orphan', base: null, problem: lost };
const wreck: DescribedAdapter = { folder: '/w/wreck', base: null, problem: broken };

describe('what a command of the Adapters view is for', () => {
  const pathOf = (target: unknown): string | undefined =>
    typeof target === 'object' && target !== null ? (target as { readonly path?: string }).path : undefined;
  const node = (path: string, context = 'adapter') => ({ path, context });

  test('is the clicked adapter, or all that are selected with it', () => {
    assert.deepEqual(selectedAdapters(node('/w/a'), undefined, pathOf), ['/w/a']);
    assert.deepEqual(selectedAdapters(node('/w/a'), [node('/w/a'), node('/w/b')], pathOf), ['/w/a', '/w/b']);
    assert.deepEqual(selectedAdapters({ path: '/w/a' }, [{ path: '/w/a' }, { path: '/w/b' }], pathOf), [
      '/w/a',
      '/w/b',
    ]);
    assert.deepEqual(selectedAdapters(undefined, undefined, pathOf), []);
  });

  test('is none of the lines below an adapter', () => {
    const lines = [node('/w/a'), node('/w/a/README.md', 'file'), { context: 'fact' }];
    assert.deepEqual(selectedAdapters(node('/w/a'), lines, pathOf), ['/w/a']);
  });
});

describe('adapters that are served together', () => {
  test('are those of one base model; what is wrong with the others is said', () => {
    assert.deepEqual(servedTogether([a, wreck, b]), { chosen: [a, b], problems: [broken] });
    assert.deepEqual(servedTogether([orphan, wreck]), { chosen: [orphan], problems: [] });
  });

  test('are asked for where there are several base models', () => {
    assert.equal(servedTogether([a, other]), undefined);
  });

  test('fit a server that runs, belong to another one, or are broken', () => {
    const described = [a, other, orphan, wreck];
    assert.deepEqual(fittingTo({ path: '/m/one', isChosen: false }, described), {
      fits: ['/w/a'],
      others: [{ folder: '/w/other', baseName: 'two' }],
      problems: [lost, broken],
    });
    assert.deepEqual(fittingTo({ path: '/m/one', isChosen: true }, described).fits, ['/w/a', '/w/orphan']);
  });
});
