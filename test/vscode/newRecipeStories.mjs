// New Recipe: what it finds, what it asks, what it proposes, and what it says where it cannot.
import assert from 'node:assert/strict';
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { copyExample, numbers } from './example.mjs';
import { oneWindow } from './oneWindow.mjs';

export const newRecipeStories = [
  {
    name: 'New Recipe proposes values from what is in the folder, and the recipe trains',
    trusted: true,
    prepare(folder) {
      copyExample(folder, 10);
      mkdirSync(path.join(folder, 'half'));
      writeFileSync(path.join(folder, 'half', 'config.json'), '{"model_type": "mamba"}');
      cpSync(path.join(numbers, 'model', 'model.safetensors'), path.join(folder, 'half', 'model.safetensors'));
      writeFileSync(path.join(folder, 'broken.jsonl'), '{"prompt": \n');
    },
    async play(workbench, folder) {
      await workbench.command('LoRA: New Recipe');
      await workbench.question('New Recipe (1 of 3)').waitFor();
      await workbench.entry('llama, 87.1 thousand parameters, reads 256 tokens').waitFor();
      await workbench.shot('model');
      // What cannot be used says why, and another one can be chosen.
      await workbench.pick('./half');
      await workbench.question('mamba').waitFor();
      await workbench.pick('./model');
      await workbench.question('New Recipe (2 of 3)').waitFor();
      await workbench.entry('90 rows of prompt, completion (questions and answers)').waitFor();
      await workbench.entry('This row cannot be used').waitFor();
      await workbench.shot('dataset');
      await workbench.pick('./data.jsonl');
      await workbench.question('New Recipe (3 of 3)').waitFor();
      await workbench.shot('name');
      await workbench.answer('mine');
      await workbench.page.locator('.tab', { hasText: 'mine.lora.json' }).first().waitFor();
      await workbench.page.locator('.monaco-editor .view-line', { hasText: 'Proposed for 90 rows' }).first().waitFor();
      await workbench.shot('recipe');
      const text = readFileSync(path.join(folder, 'mine.lora.json'), 'utf8');
      assert.match(text, /"base_model": "\.\/model",/);
      assert.match(text, /"path": "\.\/data\.jsonl",/);
      assert.match(text, /→ The longest row has 21 tokens; 24 holds it\.\n {4}"max_length": 24,/);
      await workbench.command('LoRA: Train Adapter');
      // Which step was the best depends on the machine's rounding; all were made.
      await workbench.toast('is trained: 210 steps').waitFor();
      await workbench.shot('trained');
    },
  },
  oneWindow('New Recipe with other data', [
    {
      name: 'New Recipe asks what the columns of a CSV file are',
      trusted: true,
      prepare(folder) {
        copyExample(folder, 10);
        writeFileSync(path.join(folder, 'faq.csv'), `number,answer,question\n${'1,"2, 3","1,"\n'.repeat(30)}`);
      },
      async play(workbench, folder) {
        await workbench.command('LoRA: New Recipe');
        await workbench.pick('./model');
        await workbench.entry('30 rows of number, answer, question: you say which is which').waitFor();
        await workbench.shot('dataset');
        await workbench.pick('./faq.csv');
        await workbench.question('which column is the question?').waitFor();
        await workbench.shot('question');
        await workbench.pick('question');
        await workbench.question('which column is the answer?').waitFor();
        await workbench.shot('answer');
        await workbench.pick('answer');
        await workbench.question('New Recipe (3 of 3)').waitFor();
        await workbench.answer('faq');
        await workbench.page.locator('.tab', { hasText: 'faq.lora.json' }).first().waitFor();
        await workbench.page
          .locator('.monaco-editor .view-line', { hasText: 'Proposed for 30 rows' })
          .first()
          .waitFor();
        await workbench.shot('recipe');
        const text = readFileSync(path.join(folder, 'faq.lora.json'), 'utf8');
        assert.match(text, /"columns": \{ "prompt": "question", "completion": "answer" \},/);
      },
    },
    {
      name: 'New Recipe says why nothing can be proposed, and writes default values',
      trusted: true,
      prepare(folder) {
        copyExample(folder, 10);
        writeFileSync(path.join(folder, 'chats.jsonl'), `{"messages": [{"role": "user", "content": "1"}]}\n`);
      },
      async play(workbench, folder) {
        await workbench.command('LoRA: New Recipe');
        await workbench.pick('./model');
        await workbench.pick('./chats.jsonl');
        await workbench.question('New Recipe (3 of 3)').waitFor();
        await workbench.answer('chats');
        const notice = workbench.toast('the model has no chat template');
        await notice.waitFor();
        await workbench.shot('failure');
        await workbench.press(notice, 'Write with Defaults');
        await workbench.page.locator('.tab', { hasText: 'chats.lora.json' }).first().waitFor();
        assert.match(readFileSync(path.join(folder, 'chats.lora.json'), 'utf8'), /"r": 8,/);
      },
    },
  ]),
];

export const restrictedNewRecipe = {
  name: 'New Recipe writes default values',
  trusted: false,
  prepare: (folder) => copyExample(folder, 10),
  async play(workbench, folder) {
    await workbench.command('LoRA: New Recipe');
    await workbench.toast('model and data are not looked at').waitFor();
    await workbench.shot('restricted');
    await workbench.pick('./model');
    await workbench.pick('./data.jsonl');
    await workbench.question('New Recipe (3 of 3)').waitFor();
    await workbench.answer('plain');
    await workbench.page.locator('.tab', { hasText: 'plain.lora.json' }).first().waitFor();
    assert.match(
      readFileSync(path.join(folder, 'plain.lora.json'), 'utf8'),
      /"dataset": \{ "path": "\.\/data\.jsonl" \}/,
    );
  },
};
