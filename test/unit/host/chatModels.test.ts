import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Failure } from '../../../src/failure/failure';
import { chatModels } from '../../../src/host/chat/chatModels';
import { samplingOf, turnsOf } from '../../../src/host/chat/conversation';
import { wordsOf } from '../../../src/host/engine/editorWords';
import type { DescribedAdapter } from '../../../src/run/adapterBases';

const base = { path: '/m/base', name: 'org/base', family: 'llama', contextLength: 1000, hasChatTemplate: true };
const adapter: DescribedAdapter = { folder: '/w/adapters/bot', base, problem: null };
const unknown = { code: 'base-of-adapter-unknown', message: 'Not found.', hint: 'Use --base-model.' };

describe('models of the chat', () => {
  test('are adapters whose base has a chat template, with limits that add up to the context', () => {
    const described: DescribedAdapter[] = [
      adapter,
      { ...adapter, folder: '/w/mute', base: { ...base, hasChatTemplate: false } },
      { folder: '/w/broken', base: null, problem: { ...unknown, code: 'adapter-weights-missing' } },
    ];
    const models = chatModels(described, (folder) => folder.slice('/w/'.length));
    assert.deepEqual(models, [
      {
        described: adapter,
        ...{ id: 'adapters/bot', name: 'bot', family: 'llama', version: '1', detail: 'on org/base' },
        tooltip: 'LoRA adapter adapters/bot, on org/base. It runs on this computer.',
        ...{ maxInputTokens: 750, maxOutputTokens: 250 },
        capabilities: { imageInput: false, toolCalling: false },
      },
    ]);
  });

  test('hold no longer conversations than the engine does', () => {
    const [model] = chatModels([{ ...adapter, base: { ...base, contextLength: 131_072 } }], () => 'a');
    assert.equal(model!.maxInputTokens + model!.maxOutputTokens, 8192);
  });

  test('are offered without their base model, so that asking says what to do', () => {
    const [model] = chatModels([{ ...adapter, base: null, problem: unknown }], () => 'a');
    assert.equal(model!.detail, 'its base model is not here');
    const said = wordsOf(new Failure(unknown.code, unknown.message, { hint: unknown.hint }));
    assert.match(said, /^Not found\. Fetch it with LoRA: Download Base Model/);
    assert.doesNotMatch(said, /--/);
  });
});

const text = (part: unknown): string | undefined => (typeof part === 'string' ? part : undefined);

describe('a conversation', () => {
  test('is told in turns, neighbours of one speaker as one', () => {
    const messages = [
      { role: 3, content: ['Be brief.'] },
      { role: 1, content: ['A file', ' of mine'] },
      { role: 1, content: ['What is it?', { mimeType: 'cache_control', data: new Uint8Array() }] },
      { role: 2, content: [] },
      { role: 2, content: ['A list.'] },
      { role: 1, content: ['Thanks'] },
    ];
    assert.deepEqual(turnsOf(messages, text), [
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: 'A file of mine\n\nWhat is it?' },
      { role: 'assistant', content: 'A list.' },
      { role: 'user', content: 'Thanks' },
    ]);
  });

  test('with pictures or tools is refused, not half read', () => {
    const failsWith = (code: string) => (error: unknown) => error instanceof Failure && error.code === code;
    const asked = (part: unknown) => () => turnsOf([{ role: 1, content: [part] }], text);
    assert.throws(asked({ mimeType: 'image/png', data: new Uint8Array() }), failsWith('chat-part-unsupported'));
    assert.throws(asked({ callId: '1', content: [] }), failsWith('chat-part-unsupported'));
    assert.throws(() => samplingOf({ tools: [{}], toolMode: 2 }), failsWith('chat-tools-unsupported'));
    assert.doesNotThrow(() => samplingOf({ tools: [{}], toolMode: 1 }));
  });

  test('takes the options that servers take, and no others of their names', () => {
    assert.deepEqual(samplingOf({}), { temperature: null, topP: null, seed: null, maxNewTokens: null, stop: [] });
    const modelOptions = { temperature: 0, top_p: 0.5, seed: 7, max_tokens: 9, stop: '\n', other: 1 };
    assert.deepEqual(samplingOf({ modelOptions }), {
      ...{ temperature: 0, topP: 0.5, seed: 7, maxNewTokens: 9, stop: ['\n'] },
    });
    const wrong = { temperature: 'hot', top_p: 2, seed: 0.5, max_tokens: 0, stop: [1] };
    for (const [name, value] of Object.entries(wrong)) {
      assert.throws(() => samplingOf({ modelOptions: { [name]: value } }), new RegExp(`model option ${name} must be`));
    }
  });
});
