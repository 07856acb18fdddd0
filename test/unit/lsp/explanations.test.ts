import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { TestContext } from 'node:test';
import { tinyWorld } from './world';

const sections = '"base_model": "./model", "dataset": { "path": "data.jsonl" }';

async function hover(t: TestContext, text: string): Promise<string | undefined> {
  const world = await tinyWorld(t);
  const { document, position } = await world.open(text);
  const found = await world.service.hover(document, position);
  return found === undefined ? undefined : (found.contents as { value: string }).value;
}

describe('a hover explains in two sentences', () => {
  for (const [text, meaning] of [
    [
      `{ ${sections}, "lora": { "r‸": 4 } }`,
      /\n\nRank 4 → 896 trainable parameters, .+ % of the model, a file of 3\.58 kB\.$/,
    ],
    [`{ ${sections}, "lora": { "r": 4, "lora_alpha": 1‸6 } }`, /multiplied by 4\.000\.$/],
    [
      `{ ${sections}, "lora": { "target_modules": ["q_proj‸"] } }`,
      /`q_proj` matches 2 layers and adds 1,024 parameters at rank 8\.$/,
    ],
    [
      `{ ${sections}, "lora": { "target_modules‸": "all-linear" } }`,
      /Here 14 layers get an adapter, by `all-linear` \(14 layers\): `q_proj`, /,
    ],
    [
      `{ "base_model": "./mod‸el", "dataset": { "path": "data.jsonl" } }`,
      /This one is a llama model: [\d,]+ parameters in 2 layers, which reads up to 64 tokens\.$/,
    ],
    [
      `{ "base_model": "./model", "dataset": { "path‸": "data.jsonl" } }`,
      /24 rows of the shape `prompt-completion` \(prompt, completion\)/,
    ],
    [
      `{ ${sections}, "training": { "num_train_epochs‸": 2 } }`,
      /An epoch is \d+ steps? here, so that the run has \d+\.$/,
    ],
    [
      `{ ${sections}, "training": { "gradient_accumulation_steps‸": 2 } }`,
      /Each step learns from 4 × 2 = 8 lines of tokens\.$/,
    ],
    [`{ ${sections}, "engine": { "device‸": "auto" } }`, /computed on `cpu` by onnxruntime\.$/],
  ] as const) {
    test(text, async (t) => {
      const said = await hover(t, text);
      assert.match(String(said), meaning);
      assert.match(String(said), /^\*\*`[\w.[\]]+`\*\*/);
    });
  }

  test('of what cannot be read it says why', async (t) => {
    const said = await hover(t, '{ "base_model": "./missi‸ng", "dataset": { "path": "data.jsonl" } }');
    assert.match(String(said), /missing/);
  });

  for (const text of ['{ ‸ }', '// ‸\n{}', '‸', '{ "unknown_key‸": 1 }']) {
    test(`nothing at ${JSON.stringify(text)}`, async (t) => assert.equal(await hover(t, text), undefined));
  }
});

describe('code lenses', () => {
  test('say what the adapter costs and what is in the data', async (t) => {
    const world = await tinyWorld(t);
    const { document } = await world.open(
      `{\n"base_model": "./model",\n"lora": { "r": 4 },\n"dataset": { "path": "data.jsonl" }\n}`,
    );
    const lenses = await world.service.codeLenses(document);
    const titles = lenses.map(({ command }) => command?.title);
    assert.equal(titles[0], 'Train Adapter');
    assert.match(String(titles[1]), /^896 trainable parameters · .+ % · adapter 3\.58 kB · memory about \d+ MB$/);
    assert.match(String(titles[2]), /^24 rows · [\d,]+ tokens · longest \d+ · \d+ steps$/);
    assert.deepEqual(
      lenses.map(({ range }) => range.start.line),
      [0, 2, 3, 3],
    );
    assert.deepEqual(lenses[3]?.command?.arguments, [document.uri]);
  });

  test('say what cannot be read', async (t) => {
    const world = await tinyWorld(t);
    const { document } = await world.open(
      `{ "base_model": "./model", "lora": { "target_modules": ["nothing"] }, "dataset": { "path": "none.jsonl" } }`,
    );
    const titles = (await world.service.codeLenses(document)).map(({ command }) => command?.title);
    assert.match(String(titles[1]), /"nothing" matches no layer/);
    assert.equal(titles[2], 'There is no dataset file none.jsonl.');
  });
});

test('inlay hints say what auto became', async (t) => {
  const world = await tinyWorld(t);
  const { document } = await world.open(
    `{ ${sections.slice(0, -2)}, "format": "auto", "max_length": null }, "engine": { "device": "auto", "precision": "fp32" } }`,
  );
  const hints = await world.service.inlayHints(document);
  assert.deepEqual(
    hints.map(({ label }) => label),
    [' → prompt-completion', ' → 64', ' → cpu'],
  );
});
