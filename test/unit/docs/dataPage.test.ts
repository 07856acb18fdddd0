import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { createEngine } from '../../../src/engine/session';
import { run } from '../cli/captured';

/** An example of docs/data.md: rows, what the recipe says of them if anything, and what `lora tokens` prints. */
interface Example {
  readonly heading: string;
  readonly ending: string;
  readonly rows: string;
  readonly dataset: string | undefined;
  readonly shown: string;
}

/** Language of a block of rows → ending of its file. Prettier would break the rows of a block called `jsonl` into lines. */
const endings: Readonly<Record<string, string>> = { ndjson: 'jsonl', csv: 'csv', txt: 'txt' };

const page = path.resolve('docs/data.md');
const model = path.join(process.env['LORA_TEST_DATA'] ?? '', 'models', 'stories15M');

function examplesOf(markdown: string): readonly Example[] {
  const examples: Example[] = [];
  let heading = '';
  let rows: { readonly ending: string; readonly text: string } | undefined;
  let dataset: string | undefined;
  for (const [, title, language, body] of markdown.matchAll(/^#+ (.*)$|^```(\w+)\n([^]*?)^```$/gm)) {
    if (title !== undefined) heading = title;
    else if (language === 'jsonc') dataset = body;
    else if (language === 'text' && rows !== undefined) {
      examples.push({ heading, ending: rows.ending, rows: rows.text, dataset, shown: body! });
      [rows, dataset] = [undefined, undefined];
    } else if (Object.hasOwn(endings, language!)) rows = { ending: endings[language!]!, text: body! };
  }
  return examples;
}

async function tokensOf({ ending, rows, dataset }: Example, folder: string): Promise<string> {
  writeFileSync(path.join(folder, `data.${ending}`), rows);
  const described = dataset ?? `"dataset": { "path": "data.${ending}" }`;
  const split = described.replace(/\}\s*$/, ', "eval_split": 0 }');
  writeFileSync(path.join(folder, 'page.lora.json'), `{ "base_model": ${JSON.stringify(model)}, ${split} }`);
  const { exitCode, stdout, stderr } = await run(['tokens', 'page.lora.json'], {
    cwd: folder,
    loadEngine: () => Promise.resolve(createEngine()),
  });
  assert.equal(exitCode, 0, stderr);
  return `${stdout.trimEnd()}\n`;
}

describe('docs/data.md', { skip: existsSync(model) ? false : 'LORA_TEST_DATA has no stories15M' }, () => {
  let folder = '';
  before(() => (folder = mkdtempSync(path.join(os.tmpdir(), 'lora-docs-'))));
  after(() => rmSync(folder, { recursive: true, force: true }));

  const examples = examplesOf(readFileSync(page, 'utf8'));
  test('has an example of every shape', () => {
    const headings = examples.map(({ heading }) => heading).join('\n');
    for (const shape of ['text', 'messages', 'prompt-completion', 'alpaca', 'sharegpt']) {
      assert.ok(headings.includes(`\`${shape}\``), shape);
    }
  });

  for (const [number, example] of examples.entries()) {
    test(`shows what the model sees: ${example.heading} (${number + 1})`, async () => {
      assert.equal(example.shown, await tokensOf(example, folder));
    });
  }
});
