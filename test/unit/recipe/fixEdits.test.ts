import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Change } from '../../../src/recipe/fix';
import { applyEdits, fixEdits } from '../../../src/recipe/fixEdits';

const layout = `{
  // the model
  "base_model": "m", // small
  "dataset": {
    "path": "d.jsonl", // rows
    /* held back */
    "eval_split": 0.1 // a tenth
  },
  "training": { "warmup_steps": 5, /* or */ "warmup_ratio": 0.1 }, // how
}
`;

function after(text: string, ...changes: readonly Change[]): string | undefined {
  const fix = fixEdits(text, { title: 'Change it', changes });
  return fix === undefined ? undefined : applyEdits(text, fix.edits);
}

/** The lines that are new, and those that are gone. */
function difference(before: string, now: string): { readonly gone: string[]; readonly added: string[] } {
  const [old, fresh] = [before.split('\n'), now.split('\n')];
  return { gone: old.filter((line) => !fresh.includes(line)), added: fresh.filter((line) => !old.includes(line)) };
}

describe('a fix', () => {
  test('replaces a value and nothing else', () => {
    assert.equal(
      after(layout, { path: ['training', 'warmup_steps'], value: 7 }),
      layout.replace('"warmup_steps": 5', '"warmup_steps": 7'),
    );
  });

  test('adds a key behind the last one, whose comment stays with it', () => {
    const now = after(layout, { path: ['dataset', 'packing'], value: false })!;
    assert.equal(now, layout.replace('0.1 // a tenth', '0.1, // a tenth\n    "packing": false'));
  });

  test('adds a key where there is a comma already', () => {
    const now = after(layout, { path: ['output'], value: 'a' })!;
    assert.equal(now, layout.replace('}, // how', '}, // how\n  "output": "a",'));
  });

  test('adds a key to an object on one line', () => {
    assert.equal(
      after('{ "lora": { "r": 4 } }', { path: ['lora', 'bias'], value: 'all' }),
      '{ "lora": { "r": 4, "bias": "all" } }',
    );
    assert.equal(after('{ "lora": {} }', { path: ['lora', 'r'], value: 4 }), '{ "lora": { "r": 4 } }');
  });

  test('adds what a key stands in', () => {
    assert.equal(
      after('{ "a": 1 }', { path: ['lora', 'rank_pattern', 'q'], value: 4 }),
      '{ "a": 1, "lora": { "rank_pattern": { "q": 4 } } }',
    );
  });

  test('deletes a line with its comment, and the comma that nothing follows', () => {
    assert.equal(
      after(layout, { path: ['dataset', 'eval_split'], remove: true }),
      layout.replace('"d.jsonl", // rows', '"d.jsonl" // rows').replace('    "eval_split": 0.1 // a tenth\n', ''),
    );
    assert.deepEqual(difference(layout, after(layout, { path: ['dataset', 'path'], remove: true })!), {
      gone: ['    "path": "d.jsonl", // rows'],
      added: [],
    });
  });

  test('deletes from a line', () => {
    assert.equal(after('{ "a": 1, "b": 2 }', { path: ['b'], remove: true }), '{ "a": 1 }');
    assert.equal(after('{ "a": 1, "b": 2 }', { path: ['a'], remove: true }), '{ "b": 2 }');
    assert.equal(after('["x", "y", "z"]', { path: [1], remove: true }), '["x", "z"]');
    assert.equal(after('["x", "y"]', { path: [1], remove: true }), '["x"]');
  });

  test('renames a key, not over another one', () => {
    assert.equal(after('{ "rank": 4 }', { path: ['rank'], renameTo: 'r' }), '{ "r": 4 }');
    assert.equal(after('{ "rank": 4, "r": 8 }', { path: ['rank'], renameTo: 'r' }), undefined);
  });

  test('moves a value', () => {
    assert.equal(
      after('{ "a": 1, "learning_rate": 1e-4 }', { path: ['learning_rate'], moveTo: ['training', 'learning_rate'] }),
      '{ "a": 1, "training": { "learning_rate": 0.0001 } }',
    );
  });

  test('does several things in one', () => {
    const text = '{ "targets": ["q", "norm"], "saved": [] }';
    const changes: Change[] = [
      { path: ['targets', 1], remove: true },
      { path: ['saved'], value: ['norm'] },
    ];
    assert.equal(after(text, ...changes), '{ "targets": ["q"], "saved": ["norm"] }');
    assert.equal(fixEdits(text, { title: 'Both', changes })!.edits.length, 1);
  });

  test('keeps the line ends of Windows', () => {
    const windows = '{\r\n  "a": 1,\r\n  "b": 2\r\n}\r\n';
    assert.equal(after(windows, { path: ['c'], value: 3 }), '{\r\n  "a": 1,\r\n  "b": 2,\r\n  "c": 3\r\n}\r\n');
    assert.equal(after(windows, { path: ['b'], remove: true }), '{\r\n  "a": 1\r\n}\r\n');
  });

  test('of what is not there is none', () => {
    assert.equal(after('{ "a": 1 }', { path: ['b'], remove: true }), undefined);
    assert.equal(after('{ "a": 1 }', { path: ['a', 'b'], value: 1 }), undefined);
    assert.equal(after('{ "a": 1 }', { path: ['a'], value: 1 }), undefined);
  });
});
