import assert from 'node:assert/strict';
import { cp, mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, test } from 'node:test';
import { modelsInHubCache } from '../../../src/engine/formats/hubCache';
import { starterRecipe } from '../../../src/recipe/starterRecipe';
import type { DatasetDescription, ProposeParams } from '../../../src/run/proposal';
import { jsonLines, temporaryFolder, tinyRows } from '../../tiny/recipe';
import { engine, project } from './engine';

describe('a dataset is described in words:', () => {
  for (const [name, text, words] of [
    ['a.jsonl', '{"prompt": "a", "completion": "b"}\n', '1 row of prompt, completion (questions and answers)'],
    ['a.json', '[{"instruction": "a", "input": "", "output": "b"}]', '1 row of instruction, input, output (Alpaca)'],
    ['a.csv', 'text,category\nx,y\nx,z\n', '2 rows of text; category is not read'],
    ['a.tsv', 'completion\tprompt\nx\ty\n', '1 row of completion, prompt (questions and answers)'],
    ['chat.jsonl', '{"messages": [{"role": "user", "content": "Hi"}]}', '1 row of messages (chats)'],
    ['a.txt', 'one\n\ntwo\n', '2 lines of text'],
  ] as const) {
    test(name, async (t) => {
      const file = path.join(await temporaryFolder(t), name);
      await writeFile(file, text);
      assert.deepEqual(await describeOne(file), { file, state: 'ready', words });
    });
  }

  test('Parquet', async () => {
    const file = path.resolve('test/unit/data/fixtures/rows-snappy.parquet');
    const { state, words } = await describeOne(file);
    assert.equal(state, 'ready');
    assert.match(words, /^[\d,]+ rows of /);
  });

  test('a large file from a few blocks', async (t) => {
    const file = path.join(await temporaryFolder(t), 'large.jsonl');
    await writeFile(file, `{"text": "${'x'.repeat(989)}"}\n`.repeat(6000));
    assert.equal((await describeOne(file)).words, 'about 6,000 rows of text');
  });
});

describe('columns that are not known', () => {
  for (const [header, guess] of [
    ['question,answer', { prompt: 'question', completion: 'answer' }],
    ['id,Response,Query', { prompt: 'Query', completion: 'Response' }],
    ['left,right', { prompt: 'left', completion: 'right' }],
    ['story', { text: 'story' }],
    ['a,b,c', {}],
  ] as const) {
    test(header, async (t) => {
      const file = path.join(await temporaryFolder(t), 'a.csv');
      await writeFile(file, `${header}\n${header.replace(/\w+/g, 'some   words')}\n`);
      const described = await describeOne(file);
      assert.ok(described.state === 'columns-unknown');
      assert.deepEqual(described.guess, guess);
      assert.equal(described.words, `1 row of ${header.replaceAll(',', ', ')}`);
      const columns = header.split(',').map((column) => ({ name: column, example: 'some words' }));
      assert.deepEqual(described.columns, columns);
    });
  }
});

describe('what cannot be used says why:', () => {
  for (const [name, text, says, isDataset] of [
    ['broken.jsonl', '{"prompt"', /^This row cannot be used: it is not valid JSON/, true],
    ['empty.jsonl', '', /^The dataset has no rows\.$/, true],
    ['numbers.jsonl', '{"a": 1, "b": 2}', /^The rows have the columns "a", "b"/, true],
    [
      'wrong.jsonl',
      '{"prompt": 1, "completion": "x"}',
      /^This row cannot be used: "prompt" is a number, not a text/,
      true,
    ],
    ['settings.json', '{\n  "a": "b"\n}', /^The file does not hold rows: it is one single object\.$/, false],
    ['line.json', '{"a": "b"}', /^The rows have the columns "a"/, false],
  ] as const) {
    test(name, async (t) => {
      const file = path.join(await temporaryFolder(t), name);
      await writeFile(file, text);
      const described = await describeOne(file);
      assert.ok(described.state === 'unusable');
      assert.match(described.words, says);
      assert.equal(described.isDataset, isDataset);
    });
  }
});

async function describeOne(file: string): Promise<DatasetDescription> {
  const [described] = await engine.describeDatasets([file]);
  assert.ok(described !== undefined);
  return described;
}

test('a folder is searched for models and data, and nothing else is taken for them', async (t) => {
  const { folder, model } = await project(t);
  await mkdir(path.join(folder, 'node_modules', 'x'), { recursive: true });
  await writeFile(path.join(folder, 'node_modules', 'x', 'rows.jsonl'), '{"text": "a"}');
  await writeFile(path.join(folder, 'package.json'), '[{"text": "a"}]');
  await mkdir(path.join(folder, 'half'));
  await writeFile(path.join(folder, 'half', 'config.json'), '{"model_type": "mamba"}');
  await cp(path.join(model, 'model.safetensors'), path.join(folder, 'half', 'model.safetensors'));
  const { models, datasets } = await engine.findIngredients(folder);
  const own = models.filter(({ isCached }) => !isCached);
  assert.deepEqual(
    own.map(({ reference, isUsable }) => [path.relative(folder, reference), isUsable]),
    [
      ['half', false],
      ['model', true],
    ],
  );
  assert.equal(own[1]?.words, 'llama, 18.7 thousand parameters, reads 64 tokens');
  assert.deepEqual(
    datasets.map(({ file, words }) => [path.relative(folder, file), words]),
    [['train.jsonl', '24 rows of prompt, completion (questions and answers)']],
  );
});

test('models of the hub cache are found by their ids', async (t) => {
  const { folder, model } = await project(t);
  const cache = path.join(folder, 'hub');
  await cp(model, path.join(cache, 'models--owner--tiny-1', 'snapshots', 'abc'), { recursive: true });
  await mkdir(path.join(cache, 'models--owner--empty'), { recursive: true });
  await mkdir(path.join(cache, 'datasets--owner--rows', 'snapshots', 'abc'), { recursive: true });
  assert.deepEqual(await modelsInHubCache(cache), [
    { id: 'owner/tiny-1', folder: path.join(cache, 'models--owner--tiny-1', 'snapshots', 'abc') },
  ]);
  assert.deepEqual(await modelsInHubCache(path.join(folder, 'nowhere')), []);
});

describe('a proposal', () => {
  const paramsOf = (folder: string, changes: Partial<ProposeParams> = {}): ProposeParams => ({
    recipeFile: path.join(folder, 'new.lora.json'),
    baseModel: './model',
    dataset: './train.jsonl',
    columns: {},
    ...changes,
  });

  test('can be trained without an error or a warning', async (t) => {
    const { folder } = await project(t);
    const params = paramsOf(folder);
    const { values, figures, data, warnings } = await engine.propose(params);
    assert.equal(data, '24 rows of prompt, completion (questions and answers)');
    assert.deepEqual(warnings, []);
    const text = starterRecipe({ ...params, proposed: { summary: data, values }, readIn: 'command line' });
    await writeFile(params.recipeFile, text);
    assert.deepEqual((await engine.check(params.recipeFile)).problems, []);
    assert.ok(figures.total_steps >= 50 && figures.trainable_params > 0, JSON.stringify(figures));
  });

  test('of columns with other names', async (t) => {
    const { folder } = await project(t);
    const rows = tinyRows().map(({ prompt, completion }) => ({ question: prompt, answer: completion }));
    await writeFile(path.join(folder, 'train.jsonl'), jsonLines(rows));
    const { data } = await engine.propose(paramsOf(folder, { columns: { prompt: 'question', completion: 'answer' } }));
    assert.equal(data, '24 rows of question, answer (questions and answers)');
    await assert.rejects(engine.propose(paramsOf(folder)), { code: 'dataset-format-unknown' });
  });

  test('ends when it is given up', async (t) => {
    const { folder } = await project(t);
    const stop = new AbortController();
    const reason = new Error('enough');
    stop.abort(reason);
    await assert.rejects(engine.propose(paramsOf(folder), stop.signal), reason);
  });
});
