import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { parseRecipe } from '../../../src/recipe/parse';
import { run } from './captured';
import { recipeFolder } from './recipeFolder';

let cwd = '';
before(() => {
  cwd = recipeFolder();
});
after(() => rmSync(cwd, { recursive: true, force: true }));

describe('init --from', () => {
  const settings =
    'base_model: owner/model\nadapter: lora\nlora_r: 4\nlora_alpha: 8\ndatasets:\n  - path: train.jsonl\n    type: alpaca\nwandb_name: x\n';

  test('writes the recipe into the current folder and says on stderr what became of each setting', async () => {
    mkdirSync(path.join(cwd, 'configs'));
    writeFileSync(path.join(cwd, 'configs', 'first.yml'), settings);
    const { exitCode, stdout, stderr } = await run(['init', '--from', 'configs/first.yml'], { cwd });
    assert.equal(exitCode, 0, stderr);
    const { recipe, problems } = parseRecipe(readFileSync(path.join(cwd, 'first.lora.json'), 'utf8'));
    assert.deepEqual(problems, []);
    assert.equal(recipe?.lora?.r, 4);
    assert.match(stdout, /^Wrote first\.lora\.json\. Next: `lora check first\.lora\.json`\.\n$/);
    assert.match(stderr, /^Axolotl: 5 settings kept, 1 without an equivalent\.\n\nkept +in the recipe\n/);
    assert.match(stderr, /\nlora_r: 4 +lora\.r: 4\n/);
    assert.match(stderr, /\n\nno equivalent +why\nwandb_name: x +No outside service/);
  });

  test('tells the same to programs', async () => {
    writeFileSync(path.join(cwd, 'second.yml'), settings.replace('train.jsonl', 'owner/rows'));
    const { exitCode, stdout } = await run(['init', 'named', '--from', 'second.yml', '--json'], { cwd });
    assert.equal(exitCode, 0);
    const { file, tool, kept, dropped, to_fill, problems } = JSON.parse(stdout) as Record<string, unknown[]>;
    assert.deepEqual([file, tool], [path.join(cwd, 'named.lora.json'), 'axolotl']);
    assert.deepEqual(kept?.[1], { key: 'lora_r', value: 4, line: 3, to: 'lora.r', written: 4 });
    assert.deepEqual(
      (dropped as { key: string }[]).map(({ key }) => key),
      ['wandb_name'],
    );
    assert.deepEqual(
      (to_fill as { to: string }[]).map(({ to }) => to),
      ['dataset.path'],
    );
    assert.deepEqual(problems, []);
  });

  for (const [name, text, says] of [
    ['settings of no tool', 'jobs: {}\n', /not-convertible|No known training tool/],
    ['settings that cannot be read', 'base_model: a\n  lora_r: 8\n', /indented alike[^]*broken\.yml:1/],
  ] as const) {
    test(`refuses ${name}, and writes nothing`, async () => {
      writeFileSync(path.join(cwd, 'broken.yml'), text);
      const { exitCode, stderr } = await run(['init', '--from', 'broken.yml'], { cwd });
      assert.equal(exitCode, 1);
      assert.match(stderr, says);
      assert.match(stderr, /docs\/convert\.md/);
      assert.ok(!existsSync(path.join(cwd, 'broken.lora.json')));
    });
  }

  test('says that there is no such file, and never overwrites', async () => {
    const missing = await run(['init', '--from', 'nowhere.yml'], { cwd });
    assert.match(missing.stderr, /settings to convert cannot be read: it does not exist/);
    writeFileSync(path.join(cwd, 'good.yml'), settings);
    const there = await run(['init', '--from', 'good.yml'], { cwd });
    assert.equal(there.exitCode, 1);
    assert.match(there.stderr, /already there/);
  });
});
