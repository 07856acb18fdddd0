import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { TestContext } from 'node:test';
import { defaultDatasetLimits } from '../../../src/engine/data/dataset';
import type { DatasetLimits, DatasetOptions } from '../../../src/engine/data/dataset';
import { byteTokenizer, collect, failsWith, openTestDataset, temporaryFile } from './materials';

/** Every file is "large": many blocks of a few rows. */
const tiny: DatasetLimits = { ...defaultDatasetLimits, indexBytes: 0, blockBytes: 64, windowBytes: 256, checkBytes: 0 };

interface Read {
  readonly text: string;
  readonly row: number;
  readonly line: number | undefined;
}

/** The rows of a file with `text`, decoded again from their tokens. */
async function read(
  t: TestContext,
  name: string,
  content: string | Uint8Array,
  options: Partial<DatasetOptions> & { readonly limits?: DatasetLimits } = {},
): Promise<Read[]> {
  const { limits, ...rest } = options;
  const tokenizer = await byteTokenizer(t);
  const path = temporaryFile(t, name, content);
  const dataset = await openTestDataset(t, { path, ...rest }, tokenizer, limits === undefined ? {} : { limits });
  const examples = await collect(dataset.rows(Infinity));
  return examples.map(({ ids, row, line }) => ({
    text: tokenizer.decode(ids, { skipSpecialTokens: true }),
    row,
    line,
  }));
}

const texts = (rows: readonly Read[]) => rows.map((row) => row.text);
const lines = (rows: readonly Read[]) => rows.map((row) => row.line);

describe('files of rows', () => {
  test('JSON Lines with a byte order mark, CRLF, blank lines and no line break at the end', async (t) => {
    const rows = await read(t, 'a.jsonl', '\ufeff{"text":"one"}\r\n\r\n  \n{"text":"zwei ü"}\r\n{"text":"three"}');
    assert.deepEqual(rows, [
      { text: 'one', row: 0, line: 1 },
      { text: 'zwei ü', row: 1, line: 4 },
      { text: 'three', row: 2, line: 5 },
    ]);
  });

  test('a JSON array, one row or many a line', async (t) => {
    const content = '\n [ {"text": "a ] } , [ \\" b"},\n{"text":"c","more":{"x":[1,{"y":2}]}} , {"text":"d"}\n]\n';
    assert.deepEqual(await read(t, 'a.json', content), [
      { text: 'a ] } , [ " b', row: 0, line: 2 },
      { text: 'c', row: 1, line: 3 },
      { text: 'd', row: 2, line: 3 },
    ]);
  });

  test('an array inside an object, under a usual name', async (t) => {
    const content = '{ "version": "1.0", "n": 2,\n"data": [\n{"text":"a"},\n{"text":"b"}\n], "more": [1] }\n';
    assert.deepEqual(await read(t, 'a.json', content), [
      { text: 'a', row: 0, line: 3 },
      { text: 'b', row: 1, line: 4 },
    ]);
    for (const name of ['a.json', 'a.jsonl'])
      assert.deepEqual(texts(await read(t, name, '{"rows":[{"text":"one"},{"text":"two"}]}')), ['one', 'two']);
  });

  test('rows that have a list under such a name stay rows', async (t) => {
    const content = '{"text":"one","data":[{"text":"x"}]}\n{"text":"two","data":[{"text":"y"}]}\n';
    for (const name of ['a.json', 'a.jsonl']) assert.deepEqual(texts(await read(t, name, content)), ['one', 'two']);
  });

  test('JSON Lines that are named .json, and an array that is named .jsonl', async (t) => {
    assert.deepEqual(texts(await read(t, 'a.json', '{"text":"one"}\n{"text":"two"}\n')), ['one', 'two']);
    assert.deepEqual(texts(await read(t, 'a.jsonl', '[{"text":"one"}, {"text":"two"}]')), ['one', 'two']);
  });

  test('CSV with quotes, line breaks in fields, stray quotes and CRLF', async (t) => {
    const content = '\ufeffid,text\r\n1,"a, ""b""\r\nc"\r\n2,5" pipe\r\n\r\n3,"last"';
    const rows = await read(t, 'a.csv', content);
    assert.deepEqual(texts(rows), ['a, "b"\r\nc', '5" pipe', 'last']);
    assert.deepEqual(lines(rows), [2, 4, 6]);
  });

  test('TSV, and CSV with semicolons as spreadsheets write it', async (t) => {
    assert.deepEqual(texts(await read(t, 'a.tsv', 'id\ttext\n1\ta, b; c\n')), ['a, b; c']);
    assert.deepEqual(texts(await read(t, 'a.csv', 'id;text\n1;"a; b, c"\n')), ['a; b, c']);
  });

  test('plain text: every line that is not blank', async (t) => {
    const rows = await read(t, 'a.txt', 'First Citizen:\nBefore we proceed\r\n\n   \nAll:\n');
    assert.deepEqual(texts(rows), ['First Citizen:', 'Before we proceed', 'All:']);
    assert.deepEqual(lines(rows), [1, 2, 5]);
    assert.deepEqual(texts(await read(t, 'a.md', '# Title\n\nWords')), ['# Title', 'Words']);
  });
});

describe('a large file gives the same rows block by block', () => {
  const words = Array.from({ length: 60 }, (_, index) => `${'é"x, '.repeat(index % 9)}row ${index}`);
  const forms: Record<string, string> = {
    'a.jsonl': words.map((text) => JSON.stringify({ text })).join('\r\n\n'),
    'a.json': JSON.stringify(
      words.map((text) => ({ text })),
      null,
      1,
    ),
    'a.csv': `text,n\n${words.map((text) => `"${text.replaceAll('"', '""')}\n",1`).join('\n')}\n`,
    'a.txt': `\ufeff${words.join('\n')}\n\n`,
  };
  for (const [name, content] of Object.entries(forms)) {
    for (const blockBytes of [7, 64, 1000]) {
      test(`${name} in blocks of ${blockBytes} bytes`, async (t) => {
        const rows = await read(t, name, content, { limits: { ...tiny, blockBytes } });
        assert.deepEqual(
          texts(rows).map((text) => text.trimEnd()),
          words,
        );
      });
    }
  }
});

describe('a bad row is named by file and line', () => {
  const jsonl = '{"text":"a"}\n\n{"text":"b"}\n{"text": broken}\n{"text":"c"}\n';
  const cases: [name: string, content: string | Uint8Array, code: string, pattern: RegExp, line: number | undefined][] =
    [
      ['a.jsonl', jsonl, 'dataset-row-invalid', /not valid JSON/, 4],
      ['a.jsonl', '{"text":"a"}\n[1]\n', 'dataset-row-invalid', /an array, not an object/, 2],
      ['a.jsonl', '{"text":"a"}\n{"texts":"b"}\n', 'dataset-row-invalid', /"text" is missing.*needs "text"/, 2],
      ['a.jsonl', '{"text":"a"}\n{"text":null}\n', 'dataset-row-invalid', /"text" is null/, 2],
      ['a.jsonl', '{"text":"a"}\n{"text":7}\n', 'dataset-row-invalid', /"text" is a number, not a text/, 2],
      ['a.json', '[{"text":"a"},\n{"text": nope}]', 'dataset-row-invalid', /not valid JSON/, 2],
      ['a.json', '[{"text":"a"},\n{"text":"b"}\n', 'dataset-row-invalid', /closing \] is missing/, 3],
      ['a.json', '[{"text":"a"},\n{"text":"b"', 'dataset-row-invalid', /never ends/, 2],
      ['a.json', '[{"text":"a"},\n,{"text":"b"}]', 'dataset-row-invalid', /nothing before a comma/, 2],
      ['a.json', '[{"text":"a"}\n{"text":"b"}]', 'dataset-row-invalid', /not valid JSON/, 1],
      ['a.json', '[{"text":"a"}]\n{"text":"b"}', 'dataset-row-invalid', /follows the closing/, 2],
      ['a.csv', 'a,text\n1,x\n\n2,y,z\n', 'dataset-row-invalid', /3 fields where the header names 2/, 4],
      ['a.csv', 'a,text\n1,x\n2,"y\n3,z\n', 'dataset-row-invalid', /never closed/, 3],
      ['a.csv', '"text\nx\n', 'dataset-row-invalid', /never closed/, 1],
      ['a.csv', Buffer.from('text,größe\nx,y\n', 'latin1'), 'dataset-row-invalid', /UTF-8/, 1],
      ['a.jsonl', Buffer.from('7b2274657874223a22ff227d', 'hex'), 'dataset-row-invalid', /UTF-8/, 1],
    ];
  for (const [name, content, code, pattern, line] of cases) {
    test(`${name}: ${pattern.source}`, async (t) => {
      await assert.rejects(read(t, name, content), failsWith(code, pattern, line));
    });
  }

  test('in a large file too, where lines are counted only then', async (t) => {
    const good = '{"text":"0123456789"}\n'.repeat(50);
    const content = `${good}\n{"text": 5}\n${good}`;
    await assert.rejects(read(t, 'a.jsonl', content, { limits: tiny }), failsWith('dataset-row-invalid', /number/, 52));
  });

  test('without words of the row in the message: it may be private', async (t) => {
    await assert.rejects(
      read(t, 'a.jsonl', '{"text":"secret" "x"}'),
      (error: Error) => !error.message.includes('secret'),
    );
  });
});

describe('a file that cannot be used', () => {
  const cases: [name: string, content: string | Uint8Array, code: string, pattern: RegExp][] = [
    ['empty.jsonl', '', 'dataset-empty', /no rows/],
    ['blank.jsonl', '\n  \n', 'dataset-empty', /no rows/],
    ['empty.json', '[ ]', 'dataset-empty', /no rows/],
    ['empty.csv', '', 'dataset-empty', /no rows/],
    ['header.csv', 'text\n', 'dataset-empty', /no rows/],
    ['empty.txt', '\n\n', 'dataset-empty', /no rows/],
    ['one.json', '{\n "text": "a"\n}', 'dataset-not-rows', /one single object.*array of objects/],
    ['word.json', '"text"', 'dataset-not-rows', /begins with/],
    ['utf16.jsonl', Buffer.from('\ufeff{"text":"a"}', 'utf16le'), 'dataset-encoding', /UTF-16 LE/],
    ['data.xlsx', 'PK', 'dataset-unreadable', /"\.xlsx" are not known.*\.jsonl/],
    ['cut.parquet', 'PAR1 and then nothing', 'dataset-unreadable', /Parquet/],
  ];
  for (const [name, content, code, pattern] of cases) {
    test(name, async (t) => assert.rejects(read(t, name, content), failsWith(code, pattern)));
  }

  test('is missing, or a folder', async (t) => {
    const tokenizer = await byteTokenizer(t);
    await assert.rejects(
      openTestDataset(t, { path: 'no.jsonl' }, tokenizer),
      failsWith('dataset-missing', /no\.jsonl/),
    );
    await assert.rejects(openTestDataset(t, { path: '.' }, tokenizer), failsWith('dataset-unreadable', /folder/));
    await assert.rejects(
      openTestDataset(t, { path: 'x'.repeat(300) + '.jsonl' }, tokenizer),
      failsWith('dataset-unreadable', /: its name is too long\./),
    );
  });
});
