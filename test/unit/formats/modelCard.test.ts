import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { withBaseModel } from '../../../src/engine/formats/cardBase';
import { renderModelCard } from '../../../src/engine/formats/modelCard';
import type { ModelCardFacts } from '../../../src/engine/formats/modelCard';

const facts: ModelCardFacts = {
  name: 'support-bot',
  baseModel: 'org/base',
  taskType: 'CAUSAL_LM',
  rank: 8,
  holdsWeights: false,
  parameters: { trainable: 667493, all: 86543818 },
  data: { path: 'data/train.jsonl', format: 'alpaca', rows: 1100, sha256: 'ab12', evalRows: 55 },
  hyperParameters: {
    r: 8,
    target_modules: ['q_proj', 'v_proj'],
    learning_rate: 2e-4,
    layers_to_transform: null,
    bias: 'none',
  },
  result: { steps: 125, loss: 1.23456789, evalLoss: 1.5 },
  recipe: '{\n  "base_model": "org/base" // a comment\n}\n',
  curve: 'loss.svg',
};

describe('a model card', () => {
  test('starts with the front matter that the hub reads', () => {
    const [, frontMatter] = renderModelCard(facts).split('---\n');
    assert.equal(
      frontMatter,
      'base_model: org/base\nlibrary_name: peft\npipeline_tag: text-generation\n' +
        'tags:\n- base_model:adapter:org/base\n- lora\n- transformers\n',
    );
  });

  test('of a GGUF base says how to load that, and names no program that cannot', () => {
    const card = renderModelCard({ ...facts, baseModel: './models/base.Q8_0.gguf' });
    for (const part of [
      'base_model = "./models"\ngguf_file = "base.Q8_0.gguf"',
      'AutoTokenizer.from_pretrained(base_model, gguf_file=gguf_file)\n',
      'AutoModelForCausalLM.from_pretrained(base_model, gguf_file=gguf_file)\n',
      'llama-cli -m ./models/base.Q8_0.gguf --lora support-bot.gguf\n',
      'ollama create',
    ]) {
      assert.ok(card.includes(part), part);
    }
    assert.doesNotMatch(card, /vllm|mlx/i);
    const inFolder = renderModelCard({ ...facts, baseModel: './models/', ggufName: 'base.Q8_0.gguf' });
    assert.ok(inFolder.includes('base_model = "./models"\ngguf_file = "base.Q8_0.gguf"'));
    assert.ok(inFolder.includes('llama-cli -m ./models/base.Q8_0.gguf --lora support-bot.gguf\n'));
    assert.match(inFolder, /^base_model: \.\/models\/$/m);
    const published = withBaseModel(card, './models/base.Q8_0.gguf', 'owner/base');
    assert.ok(published.includes('base_model = "owner/base"\n'));
    assert.doesNotMatch(published, /gguf_file|models\/base/);
    assert.ok(renderModelCard({ ...facts, baseModel: 'base.gguf' }).includes('base_model = "."\n'));
  });

  test('says what was trained, on what, how, with what result, and how to load it', () => {
    const card = renderModelCard(facts);
    for (const part of [
      '# support-bot\n',
      '667,493 trained parameters',
      '(0.7713 %)',
      '| file | `data/train.jsonl` |',
      '| rows | `1100` |',
      '| rows held out for evaluation | `55` |',
      '| SHA-256 | `ab12` |',
      '| r | `8` |',
      '| target_modules | `["q_proj","v_proj"]` |',
      '| learning_rate | `0.0002` |',
      '| layers_to_transform | `null` |',
      '| bias | `none` |',
      '| optimizer steps | `125` |',
      '| final loss | `1.2346` |',
      '| final eval_loss | `1.5` |',
      'PeftModel.from_pretrained(',
      'vllm serve org/base --enable-lora --lora-modules support-bot=path/to/this/folder\n',
      'lora export path/to/this/folder --format gguf-adapter --output support-bot.gguf\n',
      '--format mlx --output support-bot-mlx\n',
      'ollama create support-bot -f Modelfile\n',
      '\n![Loss by step](loss.svg)\n',
      '```jsonc\n{\n  "base_model": "org/base" // a comment\n}\n```\n',
    ]) {
      assert.ok(card.includes(part), `${part} is not in\n${card}`);
    }
  });

  test('says where a relative path to the base model starts, and nothing of it for a hub id', () => {
    const says = /## How to load it\n\nThe path of the base model is relative to the folder of the recipe/;
    assert.match(renderModelCard({ ...facts, baseModel: '../models/m', isBaseModelRelative: true }), says);
    assert.doesNotMatch(renderModelCard(facts), /relative to/);
  });

  test('leaves out what is not known', () => {
    const card = renderModelCard({
      ...facts,
      taskType: 'OTHER',
      data: { path: 'x', format: 'text', rows: 1 },
      result: { steps: 0, loss: undefined },
    });
    for (const part of ['pipeline_tag', 'SHA-256', 'held out', 'final loss', 'eval_loss', 'undefined']) {
      assert.ok(!card.includes(part), part);
    }
  });

  test('quotes what YAML or Markdown would read otherwise', () => {
    const card = renderModelCard({
      ...facts,
      name: 'a*b\n# c',
      baseModel: 'C:\\models\\my model #1',
      hyperParameters: { target_modules: '.*\\.(q|v)_proj' },
    });
    assert.ok(card.includes('base_model: "C:\\\\models\\\\my model #1"\n'));
    assert.ok(card.includes('# a\\*b \\# c\n'));
    assert.ok(card.includes('| target_modules | `.*\\.(q\\|v)_proj` |'));
    for (const word of ['null', 'yes', '12', '-', '@x']) {
      assert.ok(renderModelCard({ ...facts, baseModel: word }).includes(`base_model: "${word}"\n`), word);
    }
  });
});
