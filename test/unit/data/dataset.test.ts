import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { TestContext } from 'node:test';
import {
  byteTokenizer,
  chatTemplate,
  collect,
  failsWith,
  openRows,
  openTestDataset,
  shown,
  temporaryFile,
} from './materials';
import type { OpenOptions } from './materials';

describe('what rows say, and what of it is learnt', () => {
  test('text: everything', async (t) => {
    assert.deepEqual(await shown(await openRows(t, [{ text: 'ab' }, { text: 'c</s>' }])), ['«^ab$»', '«^c$»']);
  });

  test('prompt and completion: the completion and the end', async (t) => {
    const dataset = await openRows(t, [{ prompt: 'ab', completion: 'cd' }]);
    assert.equal(dataset.format, 'prompt-completion');
    assert.deepEqual(await shown(dataset), ['^ab«cd$»']);
  });

  test('or everything, with completionOnlyLoss off', async (t) => {
    const dataset = await openRows(t, [{ prompt: 'ab', completion: 'cd' }], { completionOnlyLoss: false });
    assert.deepEqual(await shown(dataset), ['«^abcd$»']);
  });

  test("Alpaca: Stanford's two prompts, by whether there is an input", async (t) => {
    const rows = [
      { instruction: 'Add.', input: '1 2', output: '3' },
      { instruction: 'Go.', input: '', output: 'ok' },
      { instruction: 'Go.', output: 'ok' },
      { instruction: 'Go.', input: null, output: 'ok' },
    ];
    const [withInput, ...without] = await shown(await openRows(t, rows));
    assert.match(
      withInput!,
      /further context\. .*\n\n### Instruction:\nAdd\.\n\n### Input:\n1 2\n\n### Response:«3\$»$/s,
    );
    for (const row of without) assert.match(row, /request\.\n\n### Instruction:\nGo\.\n\n### Response:«ok\$»$/);
  });

  test('conversations: what the assistant says, to the end of its turn', async (t) => {
    const messages = [
      { role: 'user', content: 'hi' },
      { role: 'assistant', content: 'yo' },
      { role: 'user', content: 'x' },
      { role: 'assistant', content: 'z' },
    ];
    const expected = ['u:hi%a:«yo%»u:x%a:«z%»'];
    assert.deepEqual(await shown(await openRows(t, [{ messages }], { chatTemplate })), expected);
    const conversations = messages.map(({ role, content }) => ({
      from: role === 'user' ? 'human' : 'gpt',
      value: content,
    }));
    const dataset = await openRows(t, [{ conversations }], { chatTemplate });
    assert.equal(dataset.format, 'sharegpt');
    assert.deepEqual(await shown(dataset), expected);
  });

  test('a conversation as prompt and completion', async (t) => {
    const row = { prompt: [{ role: 'user', content: 'hi' }], completion: [{ role: 'assistant', content: 'yo' }] };
    assert.deepEqual(await shown(await openRows(t, [row], { chatTemplate })), ['u:hi%a:«yo%»']);
  });

  test('tools and further variables of a row reach the chat template', async (t) => {
    const template = '{{ tools[0].name + mood }}{% for m in messages %}{{ m.role[0] + m.content }}{% endfor %}';
    const row = {
      messages: [{ role: 'assistant', content: 'A' }],
      tools: '[{"name":"T"}]',
      chat_template_kwargs: { mood: 'M' },
    };
    const dataset = await openRows(t, [row], { chatTemplate: template, completionOnlyLoss: false });
    assert.deepEqual(await shown(dataset), ['«TMaA»']);
  });

  test('without an end token nothing is appended', async (t) => {
    const file = temporaryFile(t, 'a.jsonl', '{"text":"ab"}');
    const dataset = await openTestDataset(t, { path: file }, await byteTokenizer(t, { eos: false }));
    assert.deepEqual(await shown(dataset), ['«^ab»']);
  });

  test('rows are cut at maxLength, and rows with nothing left to learn are left out of training only', async (t) => {
    const rows = [
      { prompt: 'abc', completion: 'def' },
      { prompt: 'abcdef', completion: 'g' },
    ];
    const dataset = await openRows(t, rows, { maxLength: 6 });
    assert.deepEqual(await shown(dataset), ['^abc«de»', '^abcde']);
    const examples = await collect(dataset.examples(0));
    assert.deepEqual(
      examples.map(({ row, position }) => [row, position]),
      [[0, 0]],
    );
    assert.equal(dataset.skippedRows, 1);
    const { lengths, ...statistics } = await dataset.statistics();
    assert.deepEqual(statistics, {
      rows: 2,
      tokens: 12,
      supervisedTokens: 2,
      longest: 6,
      unsupervisedRows: 1,
      truncatedRows: 2,
      estimated: false,
    });
    assert.deepEqual([...lengths], [6]);
  });

  test('the first token is never a target, so a row of one token is no example', async (t) => {
    const rows = [{ text: '' }, { text: 'a' }];
    const dataset = await openRows(t, rows, { maxLength: 1 });
    await assert.rejects(
      collect(dataset.examples(0)),
      failsWith('dataset-all-masked', /2 rows reached max_length \(1 token/),
    );
  });
});

describe('shapes are found by themselves', () => {
  const found = async (t: TestContext, row: object, options: OpenOptions = {}) =>
    (await openRows(t, [row], { chatTemplate, ...options })).format;

  test('by the columns, the more telling shape first', async (t) => {
    assert.equal(await found(t, { text: 'x', prompt: 'a', completion: 'b' }), 'prompt-completion');
    assert.equal(await found(t, { text: 'x', instruction: 'a', output: 'b' }), 'alpaca');
    assert.equal(await found(t, { prompt: 'x', messages: [{ role: 'user', content: 'a' }] }), 'messages');
  });

  test('or by dataset.columns', async (t) => {
    const row = { text: 'long text', question: 'a', answer: 'b' };
    const options = { columns: { prompt: 'question', completion: 'answer' } };
    assert.equal(await found(t, row, options), 'prompt-completion');
    assert.deepEqual(await shown(await openRows(t, [row], options)), ['^a«b$»']);
    assert.deepEqual(await shown(await openRows(t, [row], { columns: { text: 'answer' } })), ['«^b$»']);
  });

  test('or by dataset.format', async (t) => {
    assert.equal(await found(t, { text: 'x', prompt: 'a', completion: 'b' }, { format: 'text' }), 'text');
  });

  test('a column that only later rows have is a column', async (t) => {
    const rows = [
      { instruction: 'a', output: 'b' },
      { instruction: 'a', input: 'IN', output: 'b' },
    ];
    assert.match((await shown(await openRows(t, rows)))[1]!, /### Input:\nIN/);
  });

  const refused: [what: string, row: object, options: OpenOptions, code: string, pattern: RegExp][] = [
    [
      'no known shape',
      { q: 'a', a: 'b' },
      {},
      'dataset-format-unknown',
      /"q", "a".*\{"prompt": "q", "completion": "a"\}/,
    ],
    [
      'not the named shape',
      { q: 'a', a: 'b' },
      { format: 'alpaca' },
      'dataset-format-unknown',
      /"alpaca" need "instruction" and "output"/,
    ],
    [
      'a role that no shape has',
      { text: 'a' },
      { columns: { question: 'text' } },
      'dataset-role-unknown',
      /"question".*prompt, completion/,
    ],
    [
      'a role that the named shape has not',
      { a: 'b' },
      { format: 'text', columns: { prompt: 'a' } },
      'dataset-role-unknown',
      /"text" does not have a role "prompt"/,
    ],
    [
      'a column that is not there',
      { text: 'a' },
      { columns: { text: 'body' } },
      'dataset-column-missing',
      /"body".*have: "text"/,
    ],
    [
      'roles of no common shape',
      { q: 'a', text: 'b' },
      { columns: { prompt: 'q', text: 'text' } },
      'dataset-format-unknown',
      /none of the known/,
    ],
  ];
  for (const [what, row, options, code, pattern] of refused) {
    test(`refused: ${what}`, (t) => assert.rejects(openRows(t, [row], options), failsWith(code, pattern)));
  }
});

describe('templates', () => {
  const row = { q: 'Q', completion: 'C', n: 5 };

  test('write the text before what is learnt', async (t) => {
    const options = { template: '{{ n }} {{ q }}:', columns: { completion: 'completion' } };
    assert.deepEqual(await shown(await openRows(t, [row], options)), ['^5 Q:«C$»']);
  });

  test('or the whole row, in which what is learnt begins where they put it', async (t) => {
    const options = { template: '{{ q }}: {{ completion }}.', columns: { completion: 'completion' } };
    assert.deepEqual(await shown(await openRows(t, [row], options)), ['^Q: «C.$»']);
  });

  test('write Alpaca rows in other words', async (t) => {
    const rows = [{ instruction: 'I', output: 'O' }];
    assert.deepEqual(await shown(await openRows(t, rows, { template: '<{{ instruction }}>' })), ['^<I>«O$»']);
  });

  test('write text from any columns', async (t) => {
    assert.deepEqual(await shown(await openRows(t, [{ a: 'x', b: 'y' }], { template: '{{ a }}-{{ b }}' })), [
      '«^x-y$»',
    ]);
  });

  test("take the place of the model's chat template", async (t) => {
    const messages = [
      { role: 'user', content: 'u' },
      { role: 'assistant', content: 'v' },
    ];
    const template = "{% for m in messages %}{{ m.content + '|' }}{% endfor %}";
    assert.deepEqual(await shown(await openRows(t, [{ messages }], { template, chatTemplate })), ['u|«v|»']);
    const prompted = { prompt: messages.slice(0, 1), completion: messages.slice(1) };
    assert.deepEqual(await shown(await openRows(t, [prompted], { template })), ['u|«v|»']);
  });

  test('that are not Jinja, or cannot be filled, are refused', async (t) => {
    await assert.rejects(
      openRows(t, [{ a: 'x' }], { template: '{% if %}' }),
      failsWith('dataset-template-invalid', /Jinja/),
    );
    const failing = { template: "{{ raise_exception('no a') }}" };
    await assert.rejects(openRows(t, [{ a: 'x' }], failing), failsWith('dataset-row-invalid', /template.*no a/, 1));
  });
});

describe('conversations that cannot be used', () => {
  const say = (...contents: unknown[]) => ({ messages: contents.map((content) => ({ role: 'assistant', content })) });
  const refused: [what: string, row: object, options: OpenOptions, code: string, pattern: RegExp][] = [
    ['no chat template', say('a'), {}, 'dataset-chat-template-missing', /no chat template.*Instruct/],
    ['a broken chat template', say('a'), { chatTemplate: '{{' }, 'dataset-template-invalid', /Jinja/],
    ['not a list', { messages: 'hello' }, { chatTemplate }, 'dataset-row-invalid', /a string, not a list of messages/],
    ['no message', { messages: [] }, { chatTemplate }, 'dataset-row-invalid', /empty list/],
    ['no role', { messages: [{ content: 'a' }] }, { chatTemplate }, 'dataset-row-invalid', /messages\[0\] has no role/],
    ['no content', say(null), { chatTemplate }, 'dataset-row-invalid', /messages\[0\] has no content/],
    [
      'refused by the template',
      say('a'),
      { chatTemplate: "{{ raise_exception('must alternate') }}" },
      'dataset-row-invalid',
      /refuses it.*must alternate/,
    ],
    [
      'words that the template hides',
      say('abc', 'abc'),
      { chatTemplate: '{{ messages|length }}' },
      'dataset-row-invalid',
      /does not show.*generation/,
    ],
  ];
  for (const [what, row, options, code, pattern] of refused) {
    test(what, (t) =>
      assert.rejects(async () => collect((await openRows(t, [row], options)).examples(0)), failsWith(code, pattern)),
    );
  }

  test('nobody says anything that is to be learnt', async (t) => {
    const dataset = await openRows(t, [{ messages: [{ role: 'user', content: 'a' }] }], { chatTemplate });
    await assert.rejects(collect(dataset.examples(0)), failsWith('dataset-all-masked', /1 row: no row has/));
  });
});
