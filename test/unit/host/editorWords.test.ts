import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Failure } from '../../../src/failure/failure';
import { inEditorWords, wordsOf } from '../../../src/host/engine/editorWords';
import { EngineCrash } from '../../../src/host/engine/engineCrash';

test('what the command line answers with options the editor answers with what it has', () => {
  const failure = new Failure('address-unusable', 'Cannot listen.', { hint: 'choose another --port.', exitCode: 3 });
  const said = inEditorWords(failure) as Failure;
  assert.deepEqual([said.code, said.message, said.exitCode], ['address-unusable', 'Cannot listen.', 3]);
  assert.match(said.hint ?? '', /lora\.serve\.port/);
  const other = new Failure('adapter-missing', 'Gone.', { hint: 'Look elsewhere.' });
  assert.equal((inEditorWords(other) as Failure).hint, 'Look elsewhere.');
  const open = new Failure('publish-is-public', 'Public.', { hint: 'leave --private out.' });
  assert.doesNotMatch((inEditorWords(open) as Failure).hint ?? '--', /--/);
  const bug = new Error('bug');
  assert.equal(inEditorWords(bug), bug);
});

test('errors of texts are told as what happened and what to do next', () => {
  assert.equal(wordsOf(new Failure('adapter-missing', 'Gone.', { hint: 'Look elsewhere.' })), 'Gone. Look elsewhere.');
  assert.equal(wordsOf(new Failure('any-other', 'Gone.')), 'Gone.');
  assert.equal(wordsOf(new Error('bug')), 'bug');
  // Nobody resumes a run that there is none of.
  const crash = wordsOf(new EngineCrash('The engine ended unexpectedly (SIGKILL).', [], null, 'SIGKILL'));
  assert.match(crash, /^The engine ended unexpectedly \(SIGKILL\)\. Try again/);
});
