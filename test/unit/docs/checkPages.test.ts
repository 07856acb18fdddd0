import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { parse } from 'jsonc-parser';
import path from 'node:path';
import { describe, test } from 'node:test';
import { parseRecipe } from '../../../src/recipe/parse';
import { recipeChecks } from '../../../src/recipe/checks';
import { documentationOf, reportedCodes } from '../../../src/recipe/reportedCodes';

const folder = path.join('docs', 'checks');
const pages = readdirSync(folder)
  .filter((name) => name !== 'README.md')
  .map((name) => name.replace(/\.md$/, ''));

describe('the pages about problems', () => {
  test('are one for each code that a check or the schema reports, and no others', () => {
    const codes = reportedCodes.map(({ code }) => code);
    assert.deepEqual(
      codes.filter((code) => !pages.includes(code)),
      [],
      'codes without a page',
    );
    assert.deepEqual(
      pages.filter((page) => !codes.includes(page)),
      [],
      'pages without a code',
    );
    assert.deepEqual(
      codes.filter((code, at) => codes.indexOf(code) !== at),
      [],
      'codes that two entries share',
    );
  });

  test('are listed', () => {
    execFileSync(process.execPath, ['scripts/checkPages.mjs', '--check']);
  });

  test('are where a problem points to', () => {
    assert.equal(documentationOf('regex-in-list'), 'docs/checks/regex-in-list.md');
    assert.equal(documentationOf('disk-full'), 'docs/troubleshooting.md');
  });

  for (const { code, title, severity } of reportedCodes) {
    test(`${code} says what it is`, () => {
      const text = readFileSync(path.join(folder, `${code}.md`), 'utf8').replaceAll(/\s+/g, ' ');
      assert.ok(text.startsWith(`# \`${code}\` ${title}`), 'it begins with the title in the table');
      const word = { error: 'An error', warning: 'A warning', info: 'A note' }[severity];
      assert.ok(text.includes(word), `it says that it is ${word}`);
      assert.match(text, /Why it matters/);
    });
  }

  const fromText = new Set(
    reportedCodes
      .map(({ code }) => code)
      .filter((code) => recipeChecks.find((check) => check.code === code)?.needs.length === 0 || isOfSchema(code)),
  );
  for (const code of fromText) {
    test(`${code}: its wrong example is wrong and its right one is right`, () => {
      const [wrong, right] = examplesOf(code);
      assert.ok(codesIn(wrong).includes(code), `${code} is not found in ${wrong}`);
      assert.ok(!codesIn(right).includes(code), `${code} is found in ${right}`);
    });
  }
});

function isOfSchema(code: string): boolean {
  return /^(recipe-syntax|(missing|unknown|duplicate)-key|wrong-type|unknown-value|empty-value|out-of-range)$/.test(
    code,
  );
}

function examplesOf(code: string): [wrong: string, right: string] {
  const text = readFileSync(path.join(folder, `${code}.md`), 'utf8');
  const blocks = [...text.matchAll(/```jsonc\n([^]*?)```/g)].map(([, block]) => block!);
  assert.equal(blocks.length, 2, 'one wrong example and one right');
  return blocks as [string, string];
}

/** What is found in an example, with the keys that every recipe needs. */
function codesIn(example: string): readonly string[] {
  const value = parse(example) as Record<string, unknown>;
  const missing = { base_model: '"m"', dataset: '{ "path": "d.jsonl" }' };
  const others = Object.entries(missing).flatMap(([key, given]) => (key in value ? [] : [`"${key}": ${given}`]));
  const isAboutKeys = 'base_model' in value;
  const text = isAboutKeys ? example : example.replace('{', `{ ${others.join(', ')}${others.length === 0 ? '' : ','} `);
  return parseRecipe(text).problems.map(({ code }) => code);
}
