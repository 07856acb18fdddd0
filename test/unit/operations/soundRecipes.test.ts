import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, test } from 'node:test';
import { gatherFacts } from '../../../src/engine/facts/gatherFacts';
import { checkDraft } from '../../../src/recipe/parse';
import { temporaryFolder } from '../../tiny/recipe';
import { engine } from './engine';

const data = path.resolve(process.env['LORA_TEST_DATA'] ?? '../shared/data');

/** Real datasets as people would name them in a recipe. */
const datasets: Readonly<Record<string, Record<string, unknown>>> = {
  'gsm8k/train.jsonl': { columns: { prompt: 'question', completion: 'answer' } },
  'rasbt-instruction-data.json': {},
  'rasbt-preference.json': { columns: { prompt: 'instruction', completion: 'chosen' } },
  'banking77/train.csv': { columns: { prompt: 'text', completion: 'category' } },
  'wikisql/valid.jsonl': {},
  'tinyshakespeare.txt': {},
};

describe(
  'sound recipes raise no false alarm',
  { skip: existsSync(data) ? false : 'LORA_TEST_DATA names no folder' },
  () => {
    for (const model of ['stories15M', 'stories260K', 'TinyStories-656K']) {
      for (const [file, options] of Object.entries(datasets)) {
        test(`${model} on ${file}`, async (t) => {
          const recipe = path.join(await temporaryFolder(t), 'r.lora.json');
          const dataset = { path: path.join(data, 'datasets', file), ...options };
          const text = JSON.stringify({ base_model: path.join(data, 'models', model), dataset });
          await writeFile(recipe, text);
          const problems = checkDraft(text, await gatherFacts({ text, file: recipe }));
          // Long rows are told of, which is no alarm.
          assert.deepEqual(
            problems.filter(({ severity }) => severity !== 'info').map(({ code, message }) => `${code}: ${message}`),
            [],
          );
        });
      }
    }
  },
);

test('the bundled example raises none', async () => {
  const { problems } = await engine.check('examples/numbers/count-by-ten.lora.json');
  assert.deepEqual(problems, []);
});

for (const file of ['examples/numbers/numbers.lora.json', 'examples/git-commands/git-commands.lora.json']) {
  test(`${file} lacks only what has to be downloaded or made`, async () => {
    const { problems } = await engine.check(file);
    const absent = ['model-not-in-hub-cache', 'dataset-missing'];
    assert.deepEqual(
      problems.filter(({ code }) => !absent.includes(code)),
      [],
    );
  });
}
