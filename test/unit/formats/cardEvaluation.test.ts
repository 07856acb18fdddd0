import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withEvaluations } from '../../../src/engine/formats/cardEvaluation';
import type { CardEvaluation } from '../../../src/engine/formats/cardEvaluation';

const card = '---\nbase_model: org/base\n---\n# bot\n\nWords.\n\n## Training\n\nMore words.\n';

const evaluation: CardEvaluation = {
  dataset: 'test_rows.jsonl',
  isTrainedOn: false,
  own: { loss: 0.123456, perplexity: 1.1314, accuracy: 0.9567, score: undefined },
  base: { loss: 2.5, perplexity: 12.18, accuracy: 0.5, score: undefined },
  verdict: 'It is better than the base model.',
};

test('a model card gets the figures of evaluations before its part on training', () => {
  assert.equal(
    withEvaluations(card, [evaluation]),
    card.replace(
      '## Training',
      `<!-- lora evaluate: begin -->
## Evaluation

| rows | model | loss | perplexity | right first guesses |
| --- | --- | --- | --- | --- |
| test\\_rows.jsonl | with the adapter | 0.1235 | 1.131 | 95.7 % |
| test\\_rows.jsonl | base model | 2.5 | 12.18 | 50 % |

- test\\_rows.jsonl: It is better than the base model.
<!-- lora evaluate: end -->

## Training`,
    ),
  );
});

test('later ones take the place of earlier ones, and without any the card is as it was', () => {
  const once = withEvaluations(card, [evaluation]);
  assert.equal(withEvaluations(once, [evaluation]), once);
  const scored = { ...evaluation, own: { ...evaluation.own, score: 0.25 }, base: undefined, verdict: undefined };
  const other = withEvaluations(once, [scored]);
  assert.match(other, /\| right answers \|/);
  assert.match(other, /\| with the adapter \| 0\.1235 \| 1\.131 \| 95\.7 % \| 25 % \|\n<!--/);
  assert.equal(withEvaluations(other, []), card);
});

test('rows that the adapter was trained on are told apart', () => {
  const trained = withEvaluations(card, [{ ...evaluation, isTrainedOn: true }]);
  assert.match(trained, /^\| test\\_rows\.jsonl \(trained on\) \| with the adapter \|/m);
});

test('a card of other words gets them at its end', () => {
  const plain = '# Somebody’s own words\n';
  const evaluated = withEvaluations(plain, [evaluation]);
  assert.ok(evaluated.startsWith(`${plain}\n<!-- lora evaluate: begin -->\n## Evaluation\n`));
  assert.ok(evaluated.endsWith('<!-- lora evaluate: end -->\n'));
  assert.equal(withEvaluations(evaluated, [evaluation]), evaluated);
});
