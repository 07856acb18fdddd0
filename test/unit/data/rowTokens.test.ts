import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, test } from 'node:test';
import type { RowFormat } from '../../../src/engine/data/dataset';
import {
  collect,
  openTestDataset,
  openTestTokenizer,
  readJson,
  temporaryFile,
  testData,
  withTestData,
} from './materials';

interface Case {
  readonly tokenizer: string;
  readonly config?: Readonly<Record<string, unknown>>;
  readonly dataset?: string;
  readonly take?: readonly number[];
  readonly rows?: readonly unknown[];
  readonly format: RowFormat;
  readonly columns?: Readonly<Record<string, string>>;
  readonly template?: string;
  readonly max_length: number;
  readonly completion_only_loss: boolean;
  readonly expected: readonly { readonly row: number; readonly ids: readonly number[]; readonly mask: string }[];
}

interface Fixture {
  readonly templates: Readonly<Record<string, { readonly plain?: string; readonly marked: string }>>;
  readonly cases: readonly Case[];
}

// Made by test/parity/fixtures/dataFixtures.py with TRL's SFTTrainer.
const { templates, cases } = readJson(path.join('test', 'unit', 'data', 'fixtures', 'rows.json')) as Fixture;

function rowsOf({ rows, dataset, take }: Case): readonly unknown[] {
  if (rows !== undefined) return rows;
  const file = path.join(testData, dataset!);
  if (file.endsWith('.json')) return take!.map((index) => (readJson(file) as unknown[])[index]);
  return take!.map((index) => readJsonLines(file)[index]);
}

function readJsonLines(file: string): unknown[] {
  return readFileSync(file, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as unknown);
}

describe('rows become the tokens and labels that TRL makes of them', withTestData, () => {
  for (const each of cases) {
    const source = each.dataset ?? (each.template === undefined ? 'written rows' : `template ${each.template}`);
    const how = `${each.max_length} ${each.completion_only_loss ? 'completions' : 'everything'}`;
    const forms = each.template === undefined ? { '': undefined } : templates[each.template]!;
    for (const [form, chatTemplate] of Object.entries(forms)) {
      test(`${each.tokenizer} · ${each.format} · ${source} ${form} · ${how}`, async (t) => {
        const tokenizer = await openTestTokenizer(each);
        const lines = rowsOf(each).map((row) => JSON.stringify(row));
        const file = temporaryFile(t, 'rows.jsonl', lines.join('\n'));
        const dataset = await openTestDataset(
          t,
          {
            path: file,
            columns: each.columns ?? {},
            maxLength: each.max_length,
            completionOnlyLoss: each.completion_only_loss,
          },
          tokenizer,
          chatTemplate === undefined ? {} : { chatTemplate },
        );
        assert.equal(dataset.format, each.format);
        const made = (await collect(dataset.examples(0))).map(({ row, ids, supervised }) => ({
          row,
          ids: [...ids],
          mask: supervised.join(''),
        }));
        assert.deepEqual(made, each.expected);
      });
    }
  }
});
