import assert from 'node:assert/strict';
import { request } from 'node:http';
import { before, describe, test } from 'node:test';
import type { TestContext } from 'node:test';
import OpenAI from 'openai';
import type { TinyProject } from '../../tiny/recipe';
import { adapterUnknown } from '../../../src/engine/operations/failures';
import { asApiError } from '../../../src/engine/operations/serve/apiError';
import { TextServer } from '../../../src/engine/operations/serve/server';
import { TextModel } from '../../../src/engine/operations/textModel';
import { engine, post, served, trainedProject } from './served';
import type { Served } from './served';

let tiny: TinyProject;
let server: Served;
let client: OpenAI;
before(async (t) => {
  tiny = await trainedProject(t as TestContext);
  server = await served(t as TestContext, tiny);
  client = new OpenAI({ baseURL: `${server.url}/v1`, apiKey: 'none', maxRetries: 0 });
});

const greedy = { temperature: 0, max_tokens: 8 };

/** What `lora generate` says. */
async function said(prompt: string, adapted: boolean, maxNewTokens = 8): Promise<string> {
  const { completions } = await engine.generate(
    {
      baseModel: tiny.model,
      adapters: adapted ? [{ folder: tiny.output, weight: 1 }] : [],
      prompt,
      ...{ chat: false, compare: false, maxNewTokens, temperature: 0, topP: 1, seed: 1 },
    },
    () => undefined,
  );
  return completions[0]!.text;
}

describe('the official client', () => {
  test('lists base and adapters', async () => {
    const { data } = await client.models.list();
    assert.deepEqual(
      data.map(({ id }) => id),
      ['model', 'tuned'],
    );
    assert.equal((await client.models.retrieve('tuned')).id, 'tuned');
    await assert.rejects(client.models.retrieve('other'), { status: 404 });
  });

  test('gets the text of the model that it asks for, with counts', async () => {
    for (const [model, adapted] of [
      ['model', false],
      ['tuned', true],
    ] as const) {
      const { choices, usage, ...answer } = await client.completions.create({ ...greedy, model, prompt: '3 + 3 =' });
      assert.equal(choices[0]!.text, await said('3 + 3 =', adapted));
      assert.deepEqual([answer.object, answer.model, choices[0]!.logprobs], ['text_completion', model, null]);
      assert.equal(usage!.prompt_tokens, 8);
      assert.equal(usage!.total_tokens, 8 + usage!.completion_tokens);
      const reason = usage!.completion_tokens === 8 ? 'length' : 'stop';
      assert.equal(choices[0]!.finish_reason, reason);
    }
  });

  test('chats, whole and as a stream of the same text', async () => {
    const asked = { ...greedy, model: 'tuned', messages: [{ role: 'user' as const, content: '3 + 3 =' }] };
    const whole = await client.chat.completions.create(asked);
    assert.equal(whole.choices[0]!.message.role, 'assistant');
    let text = '';
    const reasons = [];
    const stream = await client.chat.completions.create({
      ...asked,
      stream: true,
      stream_options: { include_usage: true },
    });
    for await (const { choices, usage } of stream) {
      text += choices[0]?.delta.content ?? '';
      if (choices[0]?.finish_reason != null) reasons.push(choices[0].finish_reason);
      if (choices.length === 0) assert.deepEqual(usage, whole.usage);
    }
    assert.equal(text, whole.choices[0]!.message.content);
    assert.deepEqual(reasons, [whole.choices[0]!.finish_reason]);
  });

  test('is told how likely tokens are', async () => {
    const messages = [{ role: 'user' as const, content: [{ type: 'text' as const, text: '3 + 3 =' }] }];
    const { choices, usage } = await client.chat.completions.create({
      ...greedy,
      ...{ model: 'tuned', messages, logprobs: true, top_logprobs: 2 },
    });
    const tokens = choices[0]!.logprobs!.content!;
    assert.equal(tokens.length, usage!.completion_tokens);
    for (const { token, logprob, top_logprobs: top } of tokens) {
      assert.deepEqual([top.length, top[0]!.token, top[0]!.logprob], [2, token, logprob]);
    }
    const plain = await client.completions.create({ ...greedy, model: 'tuned', prompt: '3 + 3 =', logprobs: 1 });
    const { text_offset: offsets, tokens: texts } = plain.choices[0]!.logprobs!;
    assert.equal(texts!.join(''), plain.choices[0]!.text);
    assert.deepEqual(
      offsets,
      [...texts!.keys()].map((i) => texts!.slice(0, i).join('').length),
    );
  });

  test('draws the same with the same seed, and several answers of their own', async () => {
    const asked = { model: 'model', prompt: '1', max_tokens: 12, temperature: 2, seed: 7, n: 3 };
    const texts = async (): Promise<string[]> => {
      const { choices } = await client.completions.create(asked);
      return choices.map(({ text }) => text);
    };
    const [first, second] = [await texts(), await texts()];
    assert.deepEqual(first, second);
    assert.equal(new Set(first).size, 3);
  });

  test('may stop before a text, echo the prompt and ask for several prompts at once', async () => {
    const free = await said('3 + 3 =', true);
    const stop = free.slice(1, 2);
    const { choices } = await client.completions.create({
      ...greedy,
      ...{ model: 'tuned', prompt: ['3 + 3 =', '4 + 4 ='], stop: [stop], echo: true },
    });
    assert.equal(choices.length, 2);
    assert.equal(choices[0]!.text, `3 + 3 =${free.slice(0, free.indexOf(stop))}`);
    assert.ok(choices[1]!.text.startsWith('4 + 4 ='));
    assert.equal(choices[0]!.finish_reason, 'stop');
  });

  test('is answered alike however many others ask', async () => {
    const prompts = Array.from({ length: 32 }, (_, i) => `${i} + ${i % 5} =`);
    const expected = await Promise.all(prompts.map((prompt, i) => said(prompt, i % 2 === 0)));
    const answers = await Promise.all(
      prompts.map((prompt, i) =>
        client.completions.create({ ...greedy, model: i % 2 === 0 ? 'tuned' : 'model', prompt }),
      ),
    );
    assert.deepEqual(
      answers.map(({ choices }) => choices[0]!.text),
      expected,
    );
  });
});

describe('adapters', () => {
  test('come and go while texts are written', async () => {
    const attached = await post(`${server.url}/v1/load_lora_adapter`, { lora_name: 'second', lora_path: tiny.output });
    assert.equal(attached.status, 200);
    const { choices } = await client.completions.create({ ...greedy, model: 'second', prompt: '3 + 3 =' });
    assert.equal(choices[0]!.text, await said('3 + 3 =', true));
    const writing = client.completions.create({
      ...{ model: 'second', prompt: '1', max_tokens: 40, temperature: 0 },
      ...{ ignore_eos: true },
    } as OpenAI.CompletionCreateParamsNonStreaming);
    // Its first token is on its way.
    await client.completions.create({ ...greedy, max_tokens: 2, model: 'model', prompt: '2' });
    const detached = await post(`${server.url}/v1/unload_lora_adapter`, { lora_name: 'second' });
    assert.equal(detached.status, 200);
    assert.equal((await writing).usage!.completion_tokens, 40);
    await assert.rejects(client.completions.create({ ...greedy, model: 'second', prompt: '1' }), { status: 404 });
    assert.equal((await post(`${server.url}/v1/unload_lora_adapter`, { lora_name: 'second' })).status, 404);
  });

  test('that are none are refused, and change nothing', async () => {
    const answer = await post(`${server.url}/v1/load_lora_adapter`, { lora_name: 'tuned', lora_path: tiny.model });
    assert.equal(answer.status, 400);
    assert.equal((await client.completions.create({ ...greedy, model: 'tuned', prompt: '1' })).choices.length, 1);
  });
});

describe('requests that are wrong', () => {
  const wrong: [name: string, path: string, body: unknown, status: number, said: RegExp][] = [
    ['no JSON', 'completions', '{"prompt": ', 400, /no valid JSON/],
    ['no object', 'completions', '[]', 400, /JSON object/],
    ['an unknown model', 'completions', { model: 'gpt-4', prompt: 'a' }, 404, /no model "gpt-4"/],
    ['no prompt', 'completions', { model: 'model' }, 400, /prompt must be/],
    ['ids that do not exist', 'completions', { prompt: [5, 9999] }, 400, /token id outside of 0 to 98/],
    ['a prompt that is too long', 'completions', { prompt: 'a'.repeat(100) }, 400, /room for 64/],
    ['a temperature that is none', 'completions', { prompt: 'a', temperature: 'hot' }, 400, /temperature must be/],
    ['no token', 'completions', { prompt: 'a', max_tokens: 0 }, 400, /max_tokens must be/],
    ['no messages', 'chat/completions', { messages: [] }, 400, /messages must be/],
    [
      'a picture',
      'chat/completions',
      { messages: [{ role: 'user', content: [{ type: 'image_url' }] }] },
      400,
      /must be text/,
    ],
    [
      'tools',
      'chat/completions',
      { messages: [{ role: 'user', content: 'a' }], tools: [{}] },
      400,
      /tools is not supported/,
    ],
    ['what the template refuses', 'chat/completions', { messages: [{ role: 'tool', content: 'a' }] }, 400, /no tools/],
    [
      'JSON alone, from a conversation',
      'chat/completions',
      { messages: [{ role: 'user', content: 'a' }], response_format: { type: 'json_object' } },
      400,
      /response_format must be text/,
    ],
    [
      'JSON alone, from a text',
      'completions',
      { prompt: 'a', response_format: { type: 'json_object' } },
      400,
      /response_format must be text/,
    ],
    ['another place', 'embeddings', {}, 404, /nothing at POST/],
  ];
  for (const [name, path, body, status, words] of wrong) {
    test(`${name}: ${status}`, async () => {
      const answer = await post(`${server.url}/v1/${path}`, body);
      assert.equal(answer.status, status);
      const { error } = (await answer.json()) as { error: { message: string; type: string } };
      assert.match(error.message, words);
      assert.match(error.type, /error$/);
    });
  }

  test('that are too large are refused, and far too large ones cut off', async () => {
    const answer = (size: number): Promise<number | string> =>
      post(`${server.url}/v1/completions`, { prompt: 'a'.repeat(size * 2 ** 20) }).then(
        ({ status }) => status,
        () => 'cut',
      );
    assert.equal(await answer(9), 413);
    assert.ok([413, 'cut'].includes(await answer(48)));
    assert.equal((await client.models.list()).data.length, 2);
  });

  test('for a model whose name is no valid address are answered as for any other that is not there', async () => {
    assert.equal((await fetch(`${server.url}/v1/models/%E0`)).status, 404);
  });

  test('that pages of the internet make are refused', async () => {
    const text = await fetch(`${server.url}/v1/completions`, { method: 'POST', body: '{"prompt": "a"}' });
    assert.equal(text.status, 415);
    const status = await new Promise((resolve, reject) => {
      const headers = { host: 'evil.example' };
      request(`${server.url}/v1/models`, { headers }, (response) => {
        response.resume();
        resolve(response.statusCode);
      })
        .on('error', reject)
        .end();
    });
    assert.equal(status, 403);
  });
});

test('a client that goes away is no longer written for', async () => {
  const stop = new AbortController();
  const body = JSON.stringify({ prompt: '1', max_tokens: 60, ignore_eos: true, stream: true });
  const headers = { 'content-type': 'application/json' };
  const answer = await fetch(`${server.url}/v1/completions`, { method: 'POST', headers, body, signal: stop.signal });
  const reader = answer.body!.getReader();
  await reader.read();
  stop.abort();
  await reader.read().catch(() => undefined);
  const running = async (): Promise<string> => {
    const text = await (await fetch(`${server.url}/metrics`)).text();
    return /lora_texts_running (\d+)/.exec(text)![1]!;
  };
  while ((await running()) !== '0');
});

test('health and metrics tell how it is', async () => {
  assert.deepEqual(await (await fetch(`${server.url}/health`)).json(), { status: 'ok' });
  const text = await (await fetch(`${server.url}/metrics`)).text();
  for (const line of [
    /^# TYPE lora_requests_total counter$/m,
    /^lora_requests_total\{path="\/v1\/completions",status="200"\} [1-9]\d*$/m,
    /^lora_generated_tokens_total [1-9]\d*$/m,
    /^lora_request_duration_seconds_bucket\{le="\+Inf"\} [1-9]\d*$/m,
    /^lora_time_to_first_token_seconds_count [1-9]\d*$/m,
    /^process_resident_memory_bytes [1-9]\d*$/m,
  ]) {
    assert.match(text, line);
  }
});

describe('an error of the server', () => {
  /** A server that writes one text at a time with a model that was made to fail, and what it says of that. */
  async function failing(
    t: TestContext,
    spoil: (model: TextModel) => void,
    baseName = 'model',
  ): Promise<{ url: string; log: string[] }> {
    const log: string[] = [];
    const model = await TextModel.open({ baseModel: tiny.model, rows: 1 });
    spoil(model);
    const one = new TextServer({
      ...{ model, baseName, host: '127.0.0.1', port: 0, apiKey: undefined },
      ...{ parallel: 1, maxWaiting: 8, maxBodyBytes: 2 ** 20 },
      onNews: (news) => {
        if (news.type === 'problem') log.push(news.message);
      },
    });
    t.after(async () => {
      await one.close();
      await model.close();
    });
    return { url: await one.listen(), log };
  }

  test('while an adapter is attached is told as one, and goes to the log', async (t) => {
    const { url, log } = await failing(t, (model) => {
      model.attach = () => Promise.reject(new TypeError('a bug'));
    });
    const body = { lora_name: 'second', lora_path: tiny.output };
    assert.equal((await post(`${url}/v1/load_lora_adapter`, body)).status, 500);
    assert.match(log.join(), /a bug/);
  });

  test('in one of several texts ends their stream, and nothing else', async (t) => {
    const spoil = (model: TextModel): void => {
      const generate = model.generate.bind(model);
      let count = 0;
      model.generate = async (order) => {
        const text = await generate(order);
        // The first one has filled the connection by then, and the last one is still to be ended.
        if (count++ === 1) setTimeout(() => text.fail(new Error('lost')), 100);
        return text;
      };
    };
    // Every piece of a stream names the model: more than a connection holds that nobody reads from.
    const { url, log } = await failing(t, spoil, 'm'.repeat(2 ** 24));
    const body = { prompt: '1', max_tokens: 40, ignore_eos: true, stream: true, n: 3 };
    const answer = await post(`${url}/v1/completions`, body);
    while (log.length === 0) await new Promise(setImmediate);
    assert.match(log.join(), /lost/);
    assert.match(await answer.text(), /an error of its own/);
    assert.equal((await fetch(`${url}/health`)).status, 200);
  });

  test('is none where an adapter was detached just now', () => {
    const { status, details } = asApiError(adapterUnknown('mine', []));
    assert.deepEqual([status, details.code], [404, 'model_not_found']);
  });
});

describe('a server of its own', () => {
  test('asks for its key', async (t) => {
    const { url } = await served(t, tiny, { apiKey: 'secret' });
    const ask = (headers: Record<string, string>) =>
      fetch(`${url}/v1/models`, { headers }).then(({ status }) => status);
    assert.equal(await ask({}), 401);
    assert.equal(await ask({ authorization: 'Bearer wrong' }), 401);
    assert.equal(await ask({ authorization: 'Bearer secret' }), 200);
    assert.equal((await fetch(`${url}/health`)).status, 200);
  });

  test('turns away more than may wait', async (t) => {
    const { url } = await served(t, tiny, { parallel: 1, maxWaiting: 2 });
    const body = { prompt: '1', max_tokens: 30, ignore_eos: true };
    const answers = await Promise.all(Array.from({ length: 12 }, () => post(`${url}/v1/completions`, body)));
    const statuses = answers.map(({ status }) => status);
    assert.ok(statuses.includes(429) && statuses.includes(200), statuses.join());
    assert.ok(statuses.every((status) => status === 200 || status === 429));
  });

  test('counts as waiting only what has to wait', async (t) => {
    const { url } = await served(t, tiny, { parallel: 3, maxWaiting: 1 });
    const status = async (n: number): Promise<number> => {
      return (await post(`${url}/v1/completions`, { prompt: '1', max_tokens: 2, n })).status;
    };
    assert.equal(await status(4), 200);
    assert.equal(await status(5), 429);
  });

  test('ends when it is asked to, after what it was writing', async (t) => {
    const { url, end, news } = await served(t, tiny);
    const writing = post(`${url}/v1/completions`, { prompt: '1', max_tokens: 50, ignore_eos: true });
    while (!(await (await fetch(`${url}/metrics`)).text()).includes('lora_texts_running 1'));
    await end();
    assert.equal((await writing).status, 200);
    await assert.rejects(fetch(`${url}/health`));
    assert.equal(news.at(-1)!.type, 'ended');
  });

  test('is refused where anybody could use it, where a port is taken, and where names are', async (t) => {
    await assert.rejects(served(t, tiny, { host: '0.0.0.0' }), { code: 'api-key-needed' });
    const port = Number(new URL(server.url).port);
    await assert.rejects(served(t, tiny, { port }), { code: 'address-unusable' });
    const adapters = [{ name: 'model', folder: tiny.output }];
    await assert.rejects(served(t, tiny, { adapters }), { code: 'adapter-name-taken' });
  });
});
