import assert from 'node:assert/strict';
import { cp, readFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { writeText } from '../../../src/engine/operations/playground/writeText';
import { TextModel } from '../../../src/engine/operations/textModel';
import type { PlaygroundRequest, PlaygroundTurn } from '../../../src/run/playground';
import { writeJson } from '../../tiny/model';
import { temporaryFolder } from '../../tiny/recipe';

const sampling = {
  ...{ maxNewTokens: 12, temperature: 0, topK: 0, topP: 1, minP: 0, repetitionPenalty: 1, seed: 0 },
  stop: [],
};

test('the next turn of a conversation reads its own prompt and what ended the last answer, and nothing again', async (t) => {
  const baseModel = path.join(await temporaryFolder(t), 'chat');
  await cp('examples/numbers/model', baseModel, { recursive: true });
  const file = path.join(baseModel, 'tokenizer_config.json');
  const config = JSON.parse(await readFile(file, 'utf8')) as object;
  const chatTemplate = '{% for message in messages %}{{ message.content }}{% endfor %}';
  await writeJson(file, { ...config, chat_template: chatTemplate });
  const model = await TextModel.open({ baseModel });
  t.after(() => model.close());
  const say = async (prompt: string, earlier: readonly PlaygroundTurn[]): Promise<{ answer: string; read: number }> => {
    const before = model.load().readTokens;
    const request: PlaygroundRequest = {
      ...{ baseModel, columns: [[]], prompts: [prompt], isChat: true, system: '', earlier: [earlier] },
      ...{ sampling, likeliest: null },
    };
    let answer = '';
    const signal = new AbortController().signal;
    await writeText(
      { model, request, prompt, earlier, column: [], problem: undefined },
      (news) => {
        if ('piece' in news) answer += news.piece.text;
        else assert.equal(news.end.problem, null);
      },
      signal,
    );
    return { answer, read: model.load().readTokens - before };
  };
  const prompt = '1, 2, 3, 4, 5, 6, 7, 8, 9,';
  const length = (text: string): number => model.tokenizer.encode(text, { addSpecialTokens: false }).length;
  const first = await say(prompt, []);
  // The last token that is written is not read.
  assert.equal(first.read, length(prompt) + sampling.maxNewTokens - 1);
  const second = await say(' 41,', [{ prompt, answer: first.answer }]);
  const asked = length(`${prompt}${first.answer} 41,`) - length(`${prompt}${first.answer}`) + 1;
  assert.equal(second.read, asked + sampling.maxNewTokens - 1);
});
