import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parse } from 'jsonc-parser';
import { convertToRecipe, isConvertible } from '../../../../src/recipe/convert/convert';
import { toolNames, type Conversion } from '../../../../src/recipe/convert/conversion';
import { recipeFileName } from '../../../../src/recipe/convert/recipeFileName';
import { peftFields } from '../../../../src/recipe/peftFields';
import { parseRecipe } from '../../../../src/recipe/parse';
import { axolotlFixtures } from './axolotlFixtures';
import { knownKeys } from './knownKeys';
import { llamaFactoryFixtures } from './llamaFactoryFixtures';
import { otherFixtures } from './otherFixtures';
import { peftFixtures } from './peftFixtures';
import { trlFixtures } from './trlFixtures';

const fixtures = [...peftFixtures, ...trlFixtures, ...llamaFactoryFixtures, ...axolotlFixtures, ...otherFixtures];

function convert(text: string): Conversion {
  return convertToRecipe(text, { fileName: 'settings', readIn: 'command line' });
}

/** The keys that were answered, whichever way, up to the first dot or bracket. */
function answered({ kept, dropped, implied }: Conversion): ReadonlySet<string> {
  return new Set([...kept, ...dropped, ...implied].map(({ key }) => key.split(/[.[]/)[0]!));
}

describe('settings of other tools become a recipe', () => {
  for (const { name, tool, text, recipe, dropped = [], toFill = [], errors = [], says = [] } of fixtures) {
    test(`${toolNames[tool]}: ${name}`, () => {
      const conversion = convert(text);
      assert.equal(conversion.tool, tool, JSON.stringify(conversion.problems));
      assert.deepEqual(parse(conversion.recipe!, [], { allowTrailingComma: true }), recipe);
      assert.deepEqual(conversion.dropped.map(({ key }) => key).sort(), [...dropped].sort());
      assert.deepEqual(conversion.toFill.map(({ to }) => to).sort(), [...toFill].sort());
      const found = parseRecipe(conversion.recipe!).problems;
      assert.deepEqual(conversion.checks, found);
      assert.deepEqual(
        found.filter(({ severity }) => severity === 'error').map(({ code }) => code),
        errors,
      );
      for (const pattern of says) assert.match(conversion.recipe!, pattern);
    });
  }

  test('there are fixtures of every tool', () => {
    assert.ok(fixtures.length >= 40, String(fixtures.length));
    assert.deepEqual([...new Set(fixtures.map(({ tool }) => tool))].sort(), Object.keys(toolNames).sort());
  });
});

describe('a conversion', () => {
  for (const { name, tool, text } of fixtures.filter((fixture) => /^(\{|[a-z_]+:)/.test(fixture.text))) {
    test(`answers every key: ${toolNames[tool]}, ${name}`, () => {
      const keys = text.startsWith('{')
        ? Object.keys(parse(text) as object)
        : [...text.matchAll(/^([a-z_0-9]+):/gm)].map(([, key]) => key!);
      const found = answered(convert(text));
      assert.deepEqual(
        keys.filter((key) => !found.has(key)),
        [],
      );
    });
  }

  test('says where each setting stands', () => {
    const { kept, dropped } = convert(
      'base_model: m/n\nadapter: lora\n\nlora_r: 8\ndatasets:\n  - path: a.jsonl\n    type: alpaca\nwandb_name: x\n',
    );
    const line = (key: string): number | undefined => [...kept, ...dropped].find((found) => found.key === key)?.line;
    assert.deepEqual(['base_model', 'lora_r', 'datasets[0].type', 'wandb_name'].map(line), [1, 4, 7, 8]);
  });

  test('names what it was converted from, and for whom', () => {
    const text = '{"peft_type": "LORA", "r": 8, "lora_alpha": 8}';
    assert.match(
      convert(text).recipe!,
      /^\/\/ Converted from PEFT's adapter_config\.json: settings\.\n\/\/ `lora check`/,
    );
    assert.match(convertToRecipe(text, { readIn: 'editor' }).recipe!, /^\/\/ Converted from .*\.\n\/\/ Train Adapter/);
  });

  test('keeps settings from breaking out of the comments', () => {
    const { recipe } = convert(
      'base_model: m/n\nadapter: lora\nlora_r: 8\nwandb_name: "a\\n\\"lora\\": {}\\u2028x"\n"evil\\n}": 1\n',
    );
    assert.deepEqual(
      parse(recipe!, [], { allowTrailingComma: true }),
      parse(recipe!.split('// Not taken over')[0]!, [], { allowTrailingComma: true }),
    );
    assert.deepEqual(
      parseRecipe(recipe!).problems.filter(({ code }) => code === 'recipe-syntax'),
      [],
    );
  });

  test('never throws, whatever is cut or garbled', () => {
    for (const { text } of fixtures) {
      for (let cut = 0; cut < text.length; cut += Math.ceil(text.length / 25)) {
        for (const broken of [
          text.slice(0, cut),
          text.slice(cut),
          `${text.slice(0, cut)}\u0000${text.slice(cut + 3)}`,
        ]) {
          const { recipe } = convert(broken);
          if (recipe !== undefined)
            assert.deepEqual(
              parseRecipe(recipe).problems.filter(({ code }) => code === 'recipe-syntax'),
              [],
            );
        }
      }
    }
  });
});

describe('every setting that a tool declares is answered by name', () => {
  const { LoraConfig, TrainingArguments, SFTConfig, ModelConfig, ScriptArguments } = peftFields;
  const trl = { ...TrainingArguments, ...SFTConfig, ...ModelConfig, ...ScriptArguments };
  const declared = { ...knownKeys, peft: Object.keys(LoraConfig), trl: Object.keys(trl) };
  /** With each of these the text is one of its tool. */
  const signs = {
    axolotl: 'sequence_len: 64\nmicro_batch_size: 1\nsample_packing: false\nval_set_size: 0',
    'llama-factory': 'stage: sft\nfinetuning_type: lora\nlora_rank: 4\ncutoff_len: 64',
    'mlx-lm': 'iters: 10\nsave_every: 5\nsteps_per_eval: 5\nlora_parameters: {rank: 4}',
    peft: 'peft_type: LORA\ninference_mode: true\npeft_version: "1"\nr: 8',
    trl: 'use_peft: true\ndataset_name: a.jsonl\nlora_r: 4\nmax_seq_length: 64',
  };
  for (const [tool, keys] of Object.entries(declared)) {
    test(`${toolNames[tool as keyof typeof signs]}: ${keys.length} settings`, () => {
      const unknown = keys.filter((key) => {
        const sign = signs[tool as keyof typeof signs].split('\n').filter((line) => !line.startsWith(`${key}:`));
        const conversion = convert(`${sign.join('\n')}\n${key}: 7\n`);
        if (conversion.problems.length > 0) return !/LoRA|preferences/.test(conversion.problems[0]!.message);
        assert.equal(conversion.tool, tool, key);
        return (
          !answered(conversion).has(key) || conversion.dropped.some(({ why }) => why.includes('is not known to have'))
        );
      });
      assert.deepEqual(unknown, []);
    });
  }
});

describe('what cannot be converted is told with its line', () => {
  for (const [name, text, line, says] of [
    ['nothing', ' \n', 1, /empty/],
    ['a list', '- a\n- b\n', 1, /keys at its top/],
    ['other settings', 'name: CI\non: push\njobs: {}\n', 1, /No known training tool has such settings/],
    ['a recipe', '{ "base_model": "m", "dataset": { "path": "d" } }', 1, /recipe already/],
    ['another kind of adapter', '{\n  "r": 8,\n  "peft_type": "IA3"\n}', 3, /"IA3"; a recipe trains LoRA/],
    ['preferences', 'model_name_or_path: m\nfinetuning_type: lora\nstage: dpo\n', 3, /learns from preferences/],
    ['another trainer', 'trl dpo --model_name_or_path m --beta 0.1', 1, /supervised fine-tuning/],
    [
      'a command that names a file',
      'llamafactory-cli train \\\n  settings/first.yaml',
      2,
      /settings\/first\.yaml: convert that one/,
    ],
    ['a command of Axolotl', 'axolotl train first.yml', 1, /first\.yml: convert that one/],
    ['a key twice', 'base_model: a\nlora_r: 1\nlora_r: 2\n', 3, /written twice/],
    ['a line that is indented otherwise', 'base_model: a\nadapter: lora\n  lora_r: 8\n', 2, /indented alike/],
    ['a quote without an end', 'base_model: "a\nadapter: lora\n', 3, /never closed/],
    ['tabs', 'base_model: a\ndatasets:\n\t- path: b\n', 3, /blanks, not with tabs/],
    ['two documents', 'base_model: a\n---\nbase_model: b\n', 2, /second document/],
    ['broken JSON', '{\n  "peft_type": "LORA"\n  "r": 8\n}', 3, /comma/],
    ['a script without settings', 'import os\nprint(1)\n', 1, /calls none of LoraConfig/],
    [
      'a text that grows without end',
      `a: &a [x, x]\n${'bcdefghijklmnopq'.split('').reduce((text, key, at) => `${text}${key}: &${key} [*${'abcdefghijklmnop'[at]!}, *${'abcdefghijklmnop'[at]!}]\n`, '')}`,
      1,
      /refers to itself/,
    ],
    ['deep nesting', `{"a": ${'['.repeat(20_000)}`, 1, /./],
  ] as const) {
    test(name, () => {
      const { recipe, problems } = convert(text);
      assert.equal(recipe, undefined);
      const [problem] = problems;
      assert.equal(problem?.line, line, JSON.stringify(problems));
      assert.match(problem.message, says);
      assert.equal(isConvertible(text), false);
    });
  }
});

test('a recipe is called after its source, or after the folder of an adapter', () => {
  assert.equal(recipeFileName('configs/qlora.yml'), 'qlora.lora.json');
  assert.equal(recipeFileName('/home/me/adapters/support-bot/adapter_config.json'), 'support-bot.lora.json');
  assert.equal(recipeFileName('C:\\runs\\train.sh'), 'train.lora.json');
  assert.equal(recipeFileName('adapter_config.json'), 'adapter_config.lora.json');
});
