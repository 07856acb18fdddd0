import assert from 'node:assert/strict';
import { performance } from 'node:perf_hooks';
import { describe, test } from 'node:test';
import { applyEdits } from '../../src/recipe/fixEdits';
import { parseRecipe, type ParsedRecipe } from '../../src/recipe/parse';
import { hasErrors, type Position } from '../../src/recipe/problem';
import { readCorpus } from './corpusRecipe';
import { mutantsOf } from './mutants';

const mutantCount = 4000;
/** Milliseconds for one recipe. */
const limit = 100;

describe('recipes that were damaged byte by byte', () => {
  const sound = readCorpus().filter(({ expected }) => expected.length === 0);
  const mutants = mutantsOf(sound, mutantCount);

  test('are as many as they should be, and most of them are wrong', () => {
    assert.equal(mutants.length, mutantCount);
    const wrong = mutants.filter(({ text }) => hasErrors(parseRecipe(text).problems));
    assert.ok(wrong.length > mutantCount / 2, `${wrong.length} have errors`);
  });

  test('never crash a check, which answers in time', () => {
    for (const { origin, text } of mutants) {
      const best = quickest(3, () => parseRecipe(text));
      assert.ok(best < limit, `${origin}: ${best} ms for ${JSON.stringify(text)}`);
    }
  });

  test('have their problems inside of their text, in its order', () => {
    for (const { origin, text } of mutants) {
      const lines = text.split(/\r\n|\n|\r/);
      const { problems } = parseRecipe(text);
      for (const { range, code } of problems) {
        assert.ok(isIn(lines, range.start) && isIn(lines, range.end), `${origin}: ${code} ${JSON.stringify(range)}`);
        assert.ok(compare(range.start, range.end) <= 0, `${origin}: ${code} ends before it begins`);
      }
      const starts = problems.map(({ range }) => range.start);
      assert.ok(
        starts.every((start, i) => i === 0 || compare(starts[i - 1]!, start) <= 0),
        `${origin}: the problems are in no order`,
      );
    }
  });

  test('have fixes that can be applied', () => {
    for (const { origin, text } of mutants) {
      for (const { code, fixes = [] } of parseRecipe(text).problems) {
        for (const { title, edits } of fixes) {
          const ends = edits.map(({ range }) => range.end);
          const ordered = edits.every(({ range }, i) => i === 0 || compare(ends[i - 1]!, range.start) <= 0);
          assert.ok(ordered, `${origin}: ${code}, ${title}: edits overlap`);
          assert.doesNotThrow(() => parseRecipe(applyEdits(text, edits)), `${origin}: ${code}, ${title}`);
        }
      }
    }
  });

  test('keep nothing in their draft that the schema refuses', () => {
    for (const { origin, text } of mutants) {
      const { draft } = parseRecipe(text);
      const again = parseRecipe(JSON.stringify(draft)).problems.filter(({ code }) => schemaCodes.has(code));
      assert.deepEqual(again, [], origin);
    }
  });
});

/** What is left of a recipe may miss something, but has nothing wrong in it. */
const schemaCodes = new Set([
  'recipe-syntax',
  'unknown-key',
  'wrong-type',
  'unknown-value',
  'out-of-range',
  'empty-value',
]);

/** The shortest of some tries: on a busy machine a single one says little. */
function quickest(tries: number, work: () => ParsedRecipe): number {
  let best = Infinity;
  for (let i = 0; i < tries && best >= limit; i++) {
    const start = performance.now();
    work();
    best = Math.min(best, performance.now() - start);
  }
  return best;
}

function isIn(lines: readonly string[], { line, character }: Position): boolean {
  return character >= 0 && character <= (lines[line]?.length ?? -1);
}

function compare(a: Position, b: Position): number {
  return a.line - b.line || a.character - b.character;
}
