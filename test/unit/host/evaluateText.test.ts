import assert from 'node:assert/strict';
import { test } from 'node:test';
import { evaluatedText } from '../../../src/host/adapters/evaluateText';
import type { Evaluation } from '../../../src/run/answers';

const figures = { eval_loss: 0.25, perplexity: 1.28, mean_token_accuracy: 0.95, tokens: 800 };

test('the end of an evaluation says whether the adapter is better, with the figures of both', () => {
  const difference = { mean: -2.25, interval: [-2.5, -2] as const };
  const base = { ...figures, eval_loss: 2.5, mean_token_accuracy: 0.4, difference };
  const found: Evaluation = { ...figures, base, verdict: 'It is better than the base model on this data.', kept: '/f' };
  assert.equal(
    evaluatedText('support-bot', 'test.jsonl', found),
    'support-bot on test.jsonl: It is better than the base model on this data. Loss 0.2500 (base model 2.500), right first ' +
      'guesses 95 % (base model 40 %). Kept in its folder and its model card.',
  );
});

test('rows that it was trained on are said to be', () => {
  assert.match(
    evaluatedText('bot', 'a.jsonl', { ...figures, trained_on: true }),
    /It was trained on these very rows: only/,
  );
});

test('what could not be kept is said', () => {
  const text = evaluatedText('bot', 'a.jsonl', { ...figures, not_kept: 'The disk is full.' });
  assert.match(
    text,
    /^bot on a\.jsonl: Loss 0\.2500, right first guesses 95 %\. It could not be kept: The disk is full\.$/,
  );
});
