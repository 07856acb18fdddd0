import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseRecipe } from '../../../src/recipe/parse';
import { peftFields } from '../../../src/recipe/peftFields';
import { schemaAt } from '../../../src/recipe/schema';

/** What `lora check` says to a key in a section. */
function answerTo(section: string, key: string): string | undefined {
  const text = JSON.stringify({ base_model: 'm', dataset: { path: 'd.jsonl' }, [section]: { [key]: 1 } });
  return parseRecipe(text).problems.find(({ code }) => code === 'unknown-key')?.message;
}

describe('a field of another tool in a recipe', () => {
  const { LoraConfig, TrainingArguments, SFTConfig } = peftFields;
  for (const [name, section, fields] of [
    ["PEFT's LoraConfig", 'lora', LoraConfig],
    ["Transformers' TrainingArguments", 'training', TrainingArguments],
    ["TRL's SFTConfig", 'training', SFTConfig],
  ] as const) {
    test(`${name}: every field is a key of the section or answered with a sentence`, () => {
      for (const field of Object.keys(fields)) {
        const answer = answerTo(section, field);
        if (schemaAt(`${section}.${field}`) !== undefined) assert.equal(answer, undefined, field);
        else assert.match(answer ?? '', /is no key of `\w+`\. (It is called|It belongs|[A-Z]).*[.?]$/, field);
        assert.doesNotMatch(answer ?? '', /Its keys are|Did you mean/, field);
      }
    });
  }

  test('is answered with what to do, or to delete it', () => {
    assert.equal(
      answerTo('lora', 'trainable_token_indices'),
      '`trainable_token_indices` is no key of `lora`. Single tokens cannot be trained. `lora.modules_to_save` with "embed_tokens" trains the whole embedding instead.',
    );
    assert.match(answerTo('training', 'ddp_timeout') ?? '', /no training over several devices\. Delete it\.$/);
    assert.match(answerTo('training', 'max_seq_length') ?? '', /It is called `dataset\.max_length` here\.$/);
  });
});

describe('the table of fields', () => {
  for (const [name, fields] of Object.entries(peftFields)) {
    test(`${name}: names keys that a recipe has, and says why in sentences`, () => {
      for (const [field, { key, why, instead }] of Object.entries(fields)) {
        if (key === undefined) assert.match(why ?? '', /^[A-Z].*\.$/, field);
        else assert.ok(schemaAt(key) !== undefined, `${field} → ${key}`);
        if (instead !== undefined) assert.match(instead, /^[A-Z`].*\.$/, field);
      }
    });
  }
});
