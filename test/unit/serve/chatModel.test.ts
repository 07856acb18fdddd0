import assert from 'node:assert/strict';
import path from 'node:path';
import { describe, test } from 'node:test';
import type { TestContext } from 'node:test';
import { ChatModel } from '../../../src/engine/operations/chat/chatModel';
import type { ChatTurn } from '../../../src/run/chat';
import { writeJson } from '../../tiny/model';
import { trainedProject } from './served';

const refusesSystem =
  "{% for message in messages %}{% if message['role'] == 'system' %}{{ raise_exception('System role not supported') }}" +
  "{% endif %}{{ message['content'] + ' ' }}{% endfor %}";

describe('a conversation whose template takes no system message', () => {
  async function opened(t: TestContext) {
    const tiny = await trainedProject(t);
    await writeJson(path.join(tiny.model, 'tokenizer_config.json'), {
      ...{ tokenizer_class: 'PreTrainedTokenizerFast', unk_token: '<unk>', bos_token: '<s>', eos_token: '</s>' },
      ...{ clean_up_tokenization_spaces: false, chat_template: refusesSystem },
    });
    const model = await ChatModel.open(tiny.model);
    t.after(() => model.close());
    const ask = async (turns: readonly ChatTurn[]): Promise<string> => {
      let text = '';
      const sampling = { temperature: 0, topP: null, seed: 0, maxNewTokens: 8, stop: [] };
      const request = { baseModel: tiny.model, adapter: tiny.output, turns, sampling };
      const { promptTokens } = await model.answer(request, (piece) => (text += piece), new AbortController().signal);
      return `${promptTokens}: ${text}`;
    };
    return { model, ask };
  }

  test('has its text before the first question', async (t) => {
    const { model, ask } = await opened(t);
    const system: ChatTurn = { role: 'system', content: '3 + 3' };
    const merged: ChatTurn = { role: 'user', content: '3 + 3\n\n=' };
    const user: ChatTurn = { role: 'user', content: '=' };
    assert.equal(await ask([system, user]), await ask([merged]));
    assert.ok(model.count(system) > 0);
    assert.ok(model.count('a') > 0);
  });

  test('is refused where nobody asks', async (t) => {
    const { ask } = await opened(t);
    await assert.rejects(ask([{ role: 'system', content: 'Be brief.' }]), { code: 'chat-template-refused' });
  });
});
