import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { foundAgainNotice } from '../../../src/host/status/endNotice';
import type { RunSummary } from '../../../src/run/answers';

const run: RunSummary = {
  ...{ run: 'a-1', folder: '/w/.lora/runs/a-1', recipe: '/w/a.lora.json', name: 'a', status: 'interrupted' },
  ...{ step: 88, total_steps: 1500, loss: 1, started: '2026-01-02T03:04:05.000Z', resumable: true, adapter: null },
};

describe('after a window was reloaded during a run', () => {
  for (const [state, found, words, actions] of [
    [
      'interrupted',
      run,
      /was interrupted; it stands at step 88 of 1,500 and goes on from its last checkpoint\.$/,
      'resume dashboard',
    ],
    ['not begun', { ...run, step: 0 }, /was interrupted; it had not begun and can start again\.$/, 'resume dashboard'],
    [
      'finished',
      { ...run, status: 'finished', resumable: false },
      /was trained before the window closed/,
      'try adapter dashboard',
    ],
    [
      'trained elsewhere',
      { ...run, status: 'running', resumable: false },
      /still being trained by another window/,
      'take-over dashboard',
    ],
    ['gone', undefined, /^The run a-1, .* is not there any more\.$/, ''],
  ] as const) {
    test(`a run that is ${state} is told as that`, () => {
      const notice = foundAgainNotice('a-1', found);
      assert.match(notice.text, words);
      assert.equal(notice.actions.join(' '), actions);
    });
  }
});
