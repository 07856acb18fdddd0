import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { applyOverrides } from '../../../src/recipe/overrides';
import { parseRecipe } from '../../../src/recipe/parse';

const text = `// a recipe
{
  "base_model": "m", // mine
  "dataset": { "path": "d" },
  "training": {
    /* short */
    "max_steps": 100, // for now
  },
}
`;

function read(overrides: readonly string[]): unknown {
  const overridden = applyOverrides(text, overrides);
  assert.deepEqual(overridden.problems, []);
  const { recipe, problems } = parseRecipe(overridden.text);
  assert.deepEqual(problems, []);
  return recipe;
}

describe('applyOverrides', () => {
  test('replaces a value and leaves every other character alone', () => {
    assert.equal(applyOverrides(text, ['training.max_steps=10']).text, text.replace('100', '10'));
  });

  test('keeps comments when it adds keys', () => {
    const { text: added } = applyOverrides(text, ['training.seed=7', 'lora.r=4']);
    for (const comment of ['// a recipe', '// mine', '/* short */', '// for now']) assert.ok(added.includes(comment));
    assert.deepEqual(parseRecipe(added).recipe, {
      base_model: 'm',
      dataset: { path: 'd' },
      training: { max_steps: 100, seed: 7 },
      lora: { r: 4 },
    });
  });

  test('reads values as JSON, else as text', () => {
    assert.deepEqual(
      read([
        'lora.target_modules=["q_proj","k_proj"]',
        'lora.target_modules[1]=v_proj',
        'training.learning_rate=1e-3',
        'training.save_total_limit=null',
        'dataset.packing=false',
        'lora.bias=all',
        'dataset.path=data/a=b.jsonl',
      ]),
      {
        base_model: 'm',
        dataset: { path: 'data/a=b.jsonl', packing: false },
        training: { max_steps: 100, learning_rate: 1e-3, save_total_limit: null },
        lora: { target_modules: ['q_proj', 'v_proj'], bias: 'all' },
      },
    );
  });

  test('keeps a number as text where only text belongs', () => {
    assert.deepEqual(read(['name=7']), {
      name: '7',
      base_model: 'm',
      dataset: { path: 'd' },
      training: { max_steps: 100 },
    });
  });

  test('takes the rest of the path as one key of a table of patterns', () => {
    assert.deepEqual(read(['lora.rank_pattern.layers.0.q_proj=4']), {
      base_model: 'm',
      dataset: { path: 'd' },
      training: { max_steps: 100 },
      lora: { rank_pattern: { 'layers.0.q_proj': 4 } },
    });
  });

  for (const [override, code, says] of [
    ['training.max_step=1', 'unknown-key', /Did you mean `training.max_steps`\?/],
    ['training', 'override-syntax', /KEY=VALUE/],
    ['=3', 'unknown-key', /no key/],
    ['lora.r[0]=3', 'unknown-key', /no key/],
    ['dataset.path.x=3', 'unknown-key', /no key/],
    ['training.max_steps=many', 'wrong-type', /must be a whole number, but is given as many\.$/],
    ['dataset.packing=1', 'wrong-type', /must be true or false, but is given as 1\.$/],
    ['training.seed=', 'wrong-type', /but is given as nothing\.$/],
  ] as const) {
    test(`refuses ${override}`, () => {
      const overridden = applyOverrides(text, [override]);
      assert.equal(overridden.text, text);
      assert.deepEqual(
        overridden.problems.map((problem) => problem.code),
        [code],
      );
      assert.match(overridden.problems[0]!.message, says);
    });
  }

  test('refuses a place below something that cannot hold it', () => {
    const { problems } = applyOverrides('{ "lora": 3 }', ['lora.r=4']);
    assert.deepEqual(
      problems.map(({ code }) => code),
      ['override-place'],
    );
  });

  test('leaves a text that cannot be read for parseRecipe to explain', () => {
    assert.deepEqual(applyOverrides('{ "lora": ', ['lora.r=4']), { text: '{ "lora": ', problems: [] });
  });
});
