import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { parseRecipe } from '../../../src/recipe/parse';
import type { LoadedRecipe } from '../../../src/recipe/loadedRecipe';
import type { EvaluationOptions } from '../../../src/run/answers';
import type { Engine } from '../../../src/cli/engine';
import { choose } from '../../../src/cli/initQuestions';
import { createEngine } from '../../../src/engine/session';
import { temporaryFolder, writeTinyProject } from '../../tiny/recipe';
import { engineWith, run } from './captured';
import { recipeFolder } from './recipeFolder';

let cwd = '';
before(() => {
  cwd = recipeFolder();
});
after(() => rmSync(cwd, { recursive: true, force: true }));

describe('a recipe on the way to the engine', () => {
  async function loaded(...args: readonly string[]): Promise<LoadedRecipe> {
    let seen: LoadedRecipe | undefined;
    const engine = engineWith({
      tokens(recipe) {
        seen = recipe;
        return Promise.resolve([]);
      },
    });
    const { exitCode, stderr } = await run(['tokens', ...args, '--json'], {
      cwd,
      loadEngine: () => Promise.resolve(engine),
    });
    assert.equal(exitCode, 0, stderr);
    return seen!;
  }

  test('has its absolute path, its text and every default', async () => {
    const { file, text, recipe } = await loaded('good.lora.json');
    assert.equal(file, path.join(cwd, 'good.lora.json'));
    assert.match(text, /\/\/ short/);
    assert.deepEqual([recipe.name, recipe.lora.r, recipe.output], ['good', 8, 'adapters/good']);
  });

  test('carries what --set says, in its text too', async () => {
    const { text, recipe } = await loaded('good.lora.json', '--set', 'training.max_steps=10', '--set=lora.r=4');
    assert.deepEqual([recipe.training.max_steps, recipe.lora.r], [10, 4]);
    assert.equal(parseRecipe(text).recipe?.training?.max_steps, 10);
    assert.match(text, /\/\/ short/);
  });

  for (const [args, exit, says] of [
    [['none.lora.json'], 1, /no such recipe file[^]*lora init/],
    [['.'], 1, /cannot be read: it is a folder, not a file\.\n.*\n {2}Give the recipe file itself/],
    [
      ['bad.lora.json'],
      1,
      /`lora.r` must be at least 1, but is 0\. Leave it out for the default, 8\.\n {2}at bad.lora.json:4 \(lora.r\)\n.*one more error/,
    ],
    [['good.lora.json', '--set', 'lora.r=0'], 1, /at good.lora.json \(lora.r\)/],
    [
      ['good.lora.json', '--set', 'lora.r=eight'],
      2,
      /^error: --set: `lora.r` must be a whole number, but is given as eight\.\n {2}An example: --set/,
    ],
    [
      ['good.lora.json', '--set', 'foo'],
      2,
      /Write KEY=VALUE.*"foo" has no "="\.\n {2}An example: --set training.max_steps=10/,
    ],
    [['good.lora.json', '--set', 'lora.rr=0'], 2, /Did you mean `lora\.r`|no key `lora\.rr`/],
  ] as const) {
    test(`is refused with ${exit}: ${args.join(' ')}`, async () => {
      const { exitCode, stdout, stderr } = await run(['plan', ...args], { cwd });
      assert.equal(exitCode, exit);
      assert.match(stderr, says);
      assert.equal(stdout, '');
    });
  }

  test('warns and goes on', async () => {
    const engine = engineWith({ tokens: () => Promise.resolve([]) });
    const args = ['tokens', 'good.lora.json', '--set', 'lora.r=128'];
    const { exitCode, stderr } = await run(args, { cwd, loadEngine: () => Promise.resolve(engine) });
    assert.equal(exitCode, 0);
    assert.match(stderr, /^warning: `lora_alpha \/ r` is 0.125/);
  });
});

describe('evaluate', () => {
  test('hand over absolute paths, weights and numbers', async () => {
    let asked: EvaluationOptions | undefined;
    const evaluation = { eval_loss: 1, perplexity: Math.E, mean_token_accuracy: 0.5, tokens: 10 };
    const engine = engineWith({
      evaluate(options) {
        asked = options;
        return Promise.resolve(evaluation);
      },
    });
    const line = 'evaluate --base-model ./m --adapter a:0.5 --adapter b --dataset d.jsonl --max-length 64 --json';
    const { stdout } = await run(line.split(' '), { cwd, loadEngine: () => Promise.resolve(engine) });
    assert.deepEqual(JSON.parse(stdout), evaluation);
    assert.deepEqual(asked, {
      baseModel: path.join(cwd, 'm'),
      adapters: [
        { folder: path.join(cwd, 'a'), weight: 0.5 },
        { folder: path.join(cwd, 'b'), weight: 1 },
      ],
      dataset: path.join(cwd, 'd.jsonl'),
      maxLength: 64,
      columns: undefined,
      score: undefined,
      keep: true,
    });
  });

  test('say in one sentence whether the adapter is better, with intervals', async () => {
    let asked: EvaluationOptions | undefined;
    const figures = { eval_loss: 1, perplexity: Math.E, mean_token_accuracy: 0.5, tokens: 1000 };
    const engine = engineWith({
      evaluate(options) {
        asked = options;
        return Promise.resolve({
          ...figures,
          eval_loss_interval: [0.9, 1.1],
          base: { ...figures, eval_loss: 2, difference: { mean: -1, interval: [-1.2, -0.8] } },
          score: {
            ...{ method: 'gsm8k', rows: 10, correct: 5, share: 0.5, interval: [0.24, 0.76], answers: [] },
            base: { correct: 1, share: 0.1, interval: [0, 0.4], difference: { mean: 0.4, interval: [0.1, 0.7] } },
          },
          verdict: 'It is better than the base model.',
          kept: path.join(cwd, 'a', 'evaluation.json'),
        });
      },
    });
    const line =
      'evaluate --base-model m --adapter a --dataset d --score gsm8k --limit 10 --prompt-column q --completion-column c';
    const { stdout, stderr } = await run(line.split(' '), { cwd, loadEngine: () => Promise.resolve(engine) });
    assert.deepEqual(asked!.score, { method: 'gsm8k', limit: 10, maxNewTokens: 256 });
    assert.deepEqual(asked!.columns, { prompt: 'q', completion: 'c' });
    assert.match(stdout, /^loss {8}1\.000 \(0\.9000 to 1\.100\) +2\.000$/m);
    assert.match(stdout, /^answers {5}5 of 10, 50 % \(24 % to 76 %\) +1 of 10, 10 %/m);
    assert.match(stdout, /^It is better than the base model\.$/m);
    assert.match(stderr, /Kept in a\/evaluation\.json/);
  });

  test('leave a hub id as it is, unless a folder is called like it', async () => {
    const models: string[] = [];
    const engine = engineWith({
      evaluate({ baseModel }) {
        models.push(baseModel);
        return Promise.resolve({ eval_loss: 1, perplexity: 1, mean_token_accuracy: 1, tokens: 1 });
      },
    });
    mkdirSync(path.join(cwd, 'owner/here'), { recursive: true });
    for (const model of ['owner/model', 'owner/here', '../m', 'm']) {
      const args = ['evaluate', '--base-model', model, '--dataset', 'd'];
      await run(args, { cwd, loadEngine: () => Promise.resolve(engine) });
    }
    assert.deepEqual(models, [
      'owner/model',
      path.join(cwd, 'owner/here'),
      path.resolve(cwd, '../m'),
      path.join(cwd, 'm'),
    ]);
  });
});

describe('tokens', () => {
  test('marks what is learnt and makes line breaks visible', async () => {
    const tokens = [
      { id: 1, text: 'Say "', supervised: false },
      { id: 2, text: 'hi\n', supervised: true },
    ];
    const engine = engineWith({ tokens: () => Promise.resolve([{ row: 0, tokens }]) });
    const { stdout } = await run(['tokens', 'good.lora.json'], { cwd, loadEngine: () => Promise.resolve(engine) });
    assert.equal(stdout, 'row 0: 2 tokens, 1 of them learnt\nSay "|«hi\\n»\n\n');
  });

  test('says of a row with nothing to learn that training leaves it out', async () => {
    const tokens = [{ id: 1, text: 'Say', supervised: false }];
    const engine = engineWith({ tokens: () => Promise.resolve([{ row: 4, tokens }]) });
    const { stdout } = await run(['tokens', 'good.lora.json'], { cwd, loadEngine: () => Promise.resolve(engine) });
    assert.match(stdout, /^row 4: 1 tokens, none of them learnt: training leaves this row out\n/);
  });
});

describe('init', () => {
  test('writes default values where the model is not there, and says why; with paths from its own folder', async () => {
    writeFileSync(path.join(cwd, 'train.jsonl'), '');
    const args = ['init', 'recipes/bot', '--base-model', 'owner/model', '--dataset', 'train.jsonl', '--json'];
    const loadEngine = (): Promise<Engine> => Promise.resolve(createEngine());
    const { exitCode, stdout, stderr } = await run(args, { cwd, loadEngine });
    assert.equal(exitCode, 0, stderr);
    assert.match(stderr, /^warning: No values can be proposed, .*"owner\/model" is neither a folder nor a model/);
    const file = path.join(cwd, 'recipes', 'bot.lora.json');
    assert.deepEqual(JSON.parse(stdout), { file, proposal: null });
    const { recipe, problems } = parseRecipe(readFileSync(file, 'utf8'));
    assert.deepEqual(problems, []);
    assert.deepEqual([recipe?.base_model, recipe?.dataset.path], ['owner/model', '../train.jsonl']);
    assert.deepEqual(readdirSync(path.dirname(file)), ['bot.lora.json']);
  });

  test('proposes values from model and data, which pass the checks', async (t) => {
    const folder = await temporaryFolder(t);
    const { model } = await writeTinyProject(folder);
    writeFileSync(path.join(folder, 'rows.csv'), 'question,answer\n'.concat('one and one is,two\n'.repeat(40)));
    const loadEngine = (): Promise<Engine> => Promise.resolve(createEngine());
    const around = { cwd: folder, loadEngine };
    const args = ['init', 'new', '--base-model', model, '--dataset', 'rows.csv'];
    const unsaid = await run(args, around);
    assert.equal(unsaid.exitCode, 1);
    assert.match(unsaid.stderr, /"question", "answer"[^]*--prompt-column NAME and --completion-column NAME/);
    const said = [...args, '--prompt-column', 'question', '--completion-column', 'answer'];
    const { exitCode, stdout, stderr } = await run(said, around);
    assert.equal(exitCode, 0, stderr);
    assert.match(stdout, /^Proposed for 40 rows of question, answer \(questions and answers\) on this computer: about/);
    assert.match(stdout, /dataset\.max_length: 24\n {4}The longest row has 19 tokens; 24 holds it\./);
    const checked = await run(['check', 'new.lora.json', '--json'], around);
    assert.deepEqual([checked.exitCode, JSON.parse(checked.stdout)], [0, []]);
    const { recipe } = parseRecipe(readFileSync(path.join(folder, 'new.lora.json'), 'utf8'));
    assert.deepEqual(recipe?.dataset.columns, { prompt: 'question', completion: 'answer' });
  });

  test('lists what was found, to be chosen by number', async () => {
    const lines: string[] = [];
    const answers = ['7', '2'];
    const chosen = await choose(
      [
        { value: './a', words: 'is broken', isUsable: false },
        { value: './b', words: 'llama', isUsable: true },
        { value: './long', words: 'gpt2', isUsable: true },
      ],
      'Which?',
      () => Promise.resolve(answers.shift()!),
      (line) => lines.push(line),
    );
    assert.equal(chosen, './long');
    const list = ['   1  ./b     llama', '   2  ./long  gpt2', '   –  ./a     is broken'];
    assert.deepEqual(lines, [...list, 'The list goes from 1 to 2.']);
  });

  for (const [args, says] of [
    [['--prompt-column', 'a'], /--prompt-column and --completion-column belong together/],
    [['--prompt-column', 'a', '--completion-column', 'b', '--text-column', 'c'], /--text-column stands for all/],
  ] as const) {
    test(`refuses ${args.join(' ')}`, async () => {
      const { exitCode, stderr } = await run(['init', 'x', '--base-model', 'm', '--dataset', 'd', ...args], { cwd });
      assert.equal(exitCode, 2);
      assert.match(stderr, says);
    });
  }

  test('never overwrites', async () => {
    const before = readFileSync(path.join(cwd, 'good.lora.json'), 'utf8');
    const { exitCode, stderr } = await run(['init', 'good', '--base-model', 'm', '--dataset', 'd'], { cwd });
    assert.equal(exitCode, 1);
    assert.match(stderr, /already there/);
    assert.equal(readFileSync(path.join(cwd, 'good.lora.json'), 'utf8'), before);
  });
});

describe('adapters', () => {
  test('lists what the folders themselves say, broken ones with the reason', async () => {
    const config = { peft_type: 'LORA', base_model_name_or_path: 'm', r: 4, lora_alpha: 8, target_modules: ['q_proj'] };
    const folders = { one: JSON.stringify(config), two: '{', '.hidden': JSON.stringify(config) };
    for (const [name, text] of Object.entries(folders)) {
      mkdirSync(path.join(cwd, 'adapters', name), { recursive: true });
      writeFileSync(path.join(cwd, 'adapters', name, 'adapter_config.json'), text);
    }
    writeFileSync(path.join(cwd, 'adapters', 'one', 'adapter_model.safetensors'), Buffer.alloc(1500));
    const { exitCode, stdout } = await run(['adapters', '--json'], { cwd });
    assert.equal(exitCode, 0);
    const [one, two, ...rest] = JSON.parse(stdout) as Record<string, unknown>[];
    assert.deepEqual(one, {
      name: 'one',
      folder: path.join(cwd, 'adapters', 'one'),
      bytes: 1500,
      base_model: 'm',
      r: 4,
      lora_alpha: 8,
      target_modules: ['q_proj'],
      problem: null,
    });
    assert.equal(two?.['name'], 'two');
    assert.equal(typeof two['problem'], 'string');
    assert.deepEqual(rest, []);
    assert.match((await run(['adapters', 'adapters'], { cwd })).stdout, /adapters\/one +m +4 +1\.50 kB\n/);
  });

  test('says when there is no such folder', async () => {
    const { exitCode, stderr } = await run(['adapters', 'nowhere'], { cwd });
    assert.equal(exitCode, 1);
    assert.match(stderr, /no such folder/);
  });
});

describe('a folder that is not there', () => {
  for (const command of ['adapters', 'runs']) {
    test(`is said by ${command}, with the next step`, async () => {
      const { exitCode, stdout, stderr } = await run([command, 'nowhere', '--json'], { cwd });
      assert.equal(exitCode, 1);
      assert.equal((JSON.parse(stdout) as { error: { code: string } }).error.code, 'folder-not-found');
      assert.match(stderr, /no such folder\.\n.*nowhere\n {2}Check the path/);
    });
  }
});
