import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, test } from 'node:test';
import { pathToFileURL } from 'node:url';

const page = 'docs/troubleshooting.md';

/** The codes in the first column of the page's tables. */
function documentedCodes(markdown: string): readonly string[] {
  const firstCells = [...markdown.matchAll(/^\| (`[^|]*`) +\|/gm)].map((row) => row[1]!);
  return firstCells.flatMap((cell) => [...cell.matchAll(/`([^`]+)`/g)].map((code) => code[1]!));
}

async function codesInSource(): Promise<ReadonlyMap<string, readonly string[]>> {
  const script = pathToFileURL(path.resolve('scripts/failureCodes.mjs')).href;
  const { failureCodes } = (await import(script)) as {
    failureCodes: (root: string) => ReadonlyMap<string, readonly string[]>;
  };
  return failureCodes(process.cwd());
}

describe('docs/troubleshooting.md', () => {
  const documented = documentedCodes(readFileSync(page, 'utf8'));

  test('explains every code that the source has', async () => {
    const missing = [...(await codesInSource())].filter(
      ([code]) => !documented.includes(code) && !existsSync(path.join('docs', 'checks', `${code}.md`)),
    );
    assert.deepEqual(missing, [], `add these to ${page}, or a page to docs/checks`);
  });

  test('explains no code that the source does not have', async () => {
    const codes = await codesInSource();
    assert.deepEqual(
      documented.filter((code) => !codes.has(code)),
      [],
      `delete these from ${page}`,
    );
  });

  test('explains each code once', () => {
    assert.deepEqual(
      documented.filter((code, at) => documented.indexOf(code) !== at),
      [],
    );
  });

  test('the script finds codes wherever they are made', async () => {
    const codes = await codesInSource();
    // A factory, a check of the recipe, the validator, and a failure that is made outside of a file of factories.
    for (const code of ['safetensors-truncated', 'warmup-twice', 'wrong-type', 'internal-error']) {
      assert.ok((codes.get(code) ?? []).length > 0, code);
    }
  });
});
