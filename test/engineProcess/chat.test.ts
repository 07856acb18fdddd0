import assert from 'node:assert/strict';
import { rename } from 'node:fs/promises';
import path from 'node:path';
import { describe, test } from 'node:test';
import type { TestContext } from 'node:test';
import { Failure } from '../../src/failure/failure';
import type { ChatRequest, ChatSampling } from '../../src/run/chat';
import { writeTinyAdapter } from '../tiny/adapter';
import { writeJson, writeTinyModel } from '../tiny/model';
import { temporaryFolder } from '../tiny/recipe';
import { TestEngine } from './engine';

const never = new AbortController().signal;
const sampling: ChatSampling = { temperature: null, topP: null, seed: null, maxNewTokens: null, stop: [] };

/** Like most: turns must alternate, the user first, after a system message if there is one. */
const template =
  "{% for m in messages %}{% if m['role'] == 'system' and not loop.first %}{{ raise_exception('system comes first') }}{% endif %}" +
  "{% if loop.first and m['role'] == 'assistant' %}{{ raise_exception('the user comes first') }}{% endif %}" +
  "{{ m['role'][0] + ':' + m['content'] + ';' }}{% endfor %}{% if add_generation_prompt %}a:{% endif %}";

async function chatting(t: TestContext): Promise<{ engine: TestEngine; folder: string; request: ChatRequest }> {
  const folder = await temporaryFolder(t);
  const baseModel = path.join(folder, 'base');
  await writeTinyModel(baseModel);
  await writeJson(path.join(baseModel, 'tokenizer_config.json'), {
    ...{ tokenizer_class: 'PreTrainedTokenizerFast', unk_token: '<unk>', bos_token: '<s>', eos_token: '</s>' },
    chat_template: template,
  });
  const adapter = path.join(folder, 'one');
  await writeTinyAdapter(adapter, baseModel);
  const request: ChatRequest = { baseModel, adapter, turns: [{ role: 'user', content: 'Hello' }], sampling };
  return { engine: new TestEngine(t), folder, request };
}

const failsWith = (code: string) => (error: unknown) => error instanceof Failure && error.code === code;

describe('a conversation with an adapter', () => {
  test('is answered in pieces that are the whole, the same each time, up to what fits', async (t) => {
    const { engine, request } = await chatting(t);
    const said = async (changed: Partial<ChatRequest> = {}): Promise<readonly [string, unknown]> => {
      const pieces: string[] = [];
      const answer = await engine.client.texts.chat({ ...request, ...changed }, (text) => pieces.push(text), never);
      return [pieces.join(''), answer];
    };
    const [text, answer] = await said();
    // `u:Hello;a:`, a token for each character.
    assert.deepEqual(answer, { finishReason: 'length', promptTokens: 10, completionTokens: 54 });
    assert.ok(text.length > 0);
    const together = await Promise.all([said(), said(), said()]);
    assert.deepEqual(
      together.map(([one]) => one),
      [text, text, text],
    );
    const [short, cut] = await said({ sampling: { ...sampling, maxNewTokens: 5 } });
    assert.deepEqual(cut, { finishReason: 'length', promptTokens: 10, completionTokens: 5 });
    assert.ok(text.startsWith(short));
    const drawn = { ...sampling, temperature: 1, seed: 7, maxNewTokens: 20 };
    assert.equal((await said({ sampling: drawn }))[0], (await said({ sampling: drawn }))[0]);
  });

  test('ends before the next token once it is cancelled, and the next one is answered', async (t) => {
    const { engine, request } = await chatting(t);
    const stop = new AbortController();
    let pieces = 0;
    const answer = await engine.client.texts.chat(
      request,
      () => {
        pieces++;
        stop.abort();
      },
      stop.signal,
    );
    assert.equal(answer.finishReason, 'cancelled');
    assert.ok(answer.completionTokens < 54, `${answer.completionTokens} tokens`);
    assert.ok(pieces >= 1);
    const already = await engine.client.texts.chat(request, () => undefined, AbortSignal.abort());
    assert.deepEqual([already.finishReason, already.completionTokens], ['cancelled', 0]);
    const next = await engine.client.texts.chat(request, () => undefined, never);
    assert.equal(next.completionTokens, 54);
  });

  test('counts tokens as the prompt will have them, without the weights', async (t) => {
    const { engine, folder, request } = await chatting(t);
    const { baseModel } = request;
    const count = (counted: Parameters<typeof engine.client.texts.countTokens>[0]['counted']): Promise<number> =>
      engine.client.texts.countTokens({ baseModel, counted });
    assert.equal(await count('Hello'), 5);
    assert.equal(await count({ role: 'user', content: 'Hello' }), 'u:Hello;'.length);
    assert.equal(await count({ role: 'assistant', content: 'Hello' }), 'a:Hello;'.length);
    assert.equal(await count({ role: 'system', content: 'Hello' }), 's:Hello;'.length);
    await assert.rejects(
      engine.client.texts.countTokens({ baseModel: path.join(folder, 'gone'), counted: 'a' }),
      failsWith('model-missing'),
    );
  });

  test('is with the adapter as it was trained last', async (t) => {
    const { engine, request } = await chatting(t);
    const said = async (): Promise<string> => {
      let all = '';
      await engine.client.texts.chat(request, (text) => (all += text), never);
      return all;
    };
    const before = await said();
    await writeTinyAdapter(request.adapter, request.baseModel, { r: 8 }, 5);
    assert.notEqual(await said(), before);
  });

  test('says why there is no answer, and answers once the cause is gone', async (t) => {
    const { engine, request } = await chatting(t);
    const chat = (changed: Partial<ChatRequest>): Promise<unknown> =>
      engine.client.texts.chat({ ...request, ...changed }, () => undefined, never);
    await assert.rejects(
      chat({ turns: [{ role: 'user', content: 'far too long '.repeat(9) }] }),
      failsWith('prompt-too-long'),
    );
    await assert.rejects(chat({ turns: [{ role: 'assistant', content: 'a' }] }), failsWith('chat-template-refused'));
    await assert.rejects(chat({ adapter: `${request.adapter}-gone` }), Failure);
    const away = `${request.baseModel}-away`;
    await rename(request.baseModel, away);
    const other = new TestEngine(t).client.texts;
    await assert.rejects(
      other.chat(request, () => undefined, never),
      failsWith('model-missing'),
    );
    await rename(away, request.baseModel);
    assert.equal((await other.chat(request, () => undefined, never)).finishReason, 'length');
  });
});
