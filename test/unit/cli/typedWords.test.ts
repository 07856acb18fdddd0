import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import { commands } from '../../../src/cli/commands';
import { inTypedWords } from '../../../src/cli/typedWords';
import { columnMissing, formatUnknown } from '../../../src/engine/data/failures';
import { maxLengthBeyondContext } from '../../../src/engine/facts/failures';
import { modelIsAnAdapter } from '../../../src/engine/formats/modelFailures';
import type { Failure } from '../../../src/failure/failure';
import { lora } from '../../tiny/lora';

for (const args of [
  ['generate', '--prompt', 'a'],
  ['evaluate', '--dataset', 'a.jsonl'],
  ['serve', '--port', '0'],
]) {
  test(`lora ${args[0]!} speaks of the option that was typed, not of a recipe's key`, async () => {
    const { stderr } = await lora([...args, '--base-model', path.resolve('nowhere/model')]);
    assert.match(stderr, /^error: There is no model folder /m);
    assert.match(stderr, /Check --base-model: it is a folder with config\.json/);
    assert.doesNotMatch(stderr, /base_model/);
  });
}

test('an adapter in the place of its base model is told how both are given; a recipe keeps its keys', () => {
  const failure = modelIsAnAdapter('/w/adapter', 'org/base');
  const of = (name: string): Failure => {
    const command = commands.find((each) => each.name === name)!;
    return inTypedWords(failure, command) as Failure;
  };
  assert.match(of('generate').hint!, /with --base-model; the adapter goes with --adapter/);
  assert.deepEqual([of('generate').code, of('generate').message], [failure.code, failure.message]);
  assert.equal(of('train'), failure);
  const evaluate = commands.find(({ name }) => name === 'evaluate')!;
  const column = inTypedWords(columnMissing('/d.jsonl', 'prompt', 'q', ['a']), evaluate) as Failure;
  assert.equal(column.message, '--prompt-column names "q", but the rows have no such column.');
  assert.deepEqual(column.place, { file: '/d.jsonl' });
  const shape = inTypedWords(formatUnknown('/d.jsonl', 'auto', ['q', 'a'], 'text'), evaluate) as Failure;
  assert.match(shape.hint!, /^Say which column is which with --prompt-column "q" --completion-column "a"\. /);
  const long = inTypedWords(maxLengthBeyondContext(600, 256), evaluate) as Failure;
  assert.deepEqual([long.hint, long.place], ['Set --max-length to 256 or less.', undefined]);
  const bug = new Error('bug');
  assert.equal(inTypedWords(bug, commands[0]!), bug);
});
