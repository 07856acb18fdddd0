import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { recipeChecks } from '../../src/recipe/checks';
import { applyEdits } from '../../src/recipe/fixEdits';
import { parseRecipe } from '../../src/recipe/parse';
import { lora, type Ended } from '../tiny/lora';
import { check, type CheckedProblem } from './check';
import { placeOf, readCorpus, type CorpusRecipe, type FoundProblem } from './corpusRecipe';
import { Score } from './score';
import { writeWorld, type World } from './world';

const corpus = readCorpus();

/** Codes of the schema and the parser, which no table lists. */
const schemaCodes = [
  ...['recipe-syntax', 'duplicate-key', 'missing-key', 'unknown-key', 'wrong-type', 'unknown-value'],
  ...['out-of-range', 'empty-value'],
];

/** Nothing computes in half precision yet, so its setting is refused before. */
const unreachable = new Set(['half-precision-on-cpu']);

describe('the corpus', () => {
  test('has enough recipes of each kind, and at least half of them are what people met', () => {
    const valid = corpus.filter(({ expected }) => expected.length === 0);
    const several = corpus.filter(({ expected }) => expected.length > 1);
    const met = corpus.filter(({ from }) => from !== undefined);
    assert.ok(corpus.length >= 200, `${corpus.length} recipes`);
    assert.ok(valid.length >= 70, `${valid.length} valid recipes`);
    assert.ok(several.length >= 15, `${several.length} recipes with several faults`);
    assert.ok(met.length >= corpus.length / 2, `${met.length} recipes from threads and configurations`);
    for (const { from, origin } of met) assert.match(from!, /^[\w.-]+\/[\w.-]+(#\d+| \S+)$/, origin);
    assert.equal(new Set(corpus.map(({ slug }) => slug)).size, corpus.length, 'two recipes have the same title');
  });

  test('plants every code of the table and of the schema at least twice', () => {
    const planted = corpus.flatMap(({ expected }) => expected.map(({ code }) => code));
    const codes = [...schemaCodes, ...recipeChecks.map(({ code }) => code)].filter((code) => !unreachable.has(code));
    assert.deepEqual(
      codes.filter((code) => planted.filter((one) => one === code).length < 2),
      [],
    );
  });
});

describe('checking the corpus', () => {
  let world: World;
  let process: Promise<Ended>;
  const found = new Map<CorpusRecipe, readonly CheckedProblem[]>();
  const onThisMachine = oneOfEachKind(corpus.filter(({ facts }) => facts === undefined));
  const ends: (() => unknown)[] = [];
  before(async () => {
    world = await writeWorld({ after: (end) => ends.push(end as () => unknown) }, corpus);
    process = lora(['check', ...onThisMachine.map((recipe) => world.fileOf(recipe)), '--json']);
    for (const recipe of corpus) found.set(recipe, await check(recipe, world.fileOf(recipe)));
  });
  after(() => Promise.all(ends.map((end) => end())));

  test('finds everything that was planted, at its place, and nothing else', () => {
    const score = new Score();
    for (const recipe of corpus) {
      const problems = found.get(recipe)!.map((problem) => {
        return { ...placeOf(problem, world.fileOf(recipe), world.folder), message: problem.message };
      });
      score.add({ ...recipe, found: problems });
    }
    console.log(score.table());
    assert.deepEqual(score.complaints, []);
  });

  test('says what is wrong in whole sentences', () => {
    for (const [{ origin }, problems] of found) {
      for (const { message, code } of problems) {
        assert.match(message, /^.*[.?!)"}]$|without quotes: \S+$/s, `${origin} ${code}`);
        assert.doesNotMatch(message, /undefined|\[object|\bnull, but is null/, `${origin} ${code}`);
      }
    }
  });

  test('offers no fix that breaks the recipe', () => {
    const broken = new Set(schemaCodes);
    for (const [{ origin, text }, problems] of found) {
      const before = parseRecipe(text).problems.filter(({ code }) => broken.has(code)).length;
      for (const { code, fixes = [] } of problems) {
        for (const { title, edits } of fixes) {
          const left = parseRecipe(applyEdits(text, edits)).problems.filter((problem) => broken.has(problem.code));
          assert.ok(left.length <= before, `${origin} ${code}, ${title}: ${left.map(({ message }) => message).join()}`);
        }
      }
    }
  });

  test('`lora check --json` says the same of one recipe of each kind', async () => {
    const { stdout, status } = await process;
    assert.equal(status, 1);
    const said = JSON.parse(stdout) as readonly FoundProblem[];
    const brief = ({ code, severity, message, file, range }: FoundProblem): unknown => {
      return { code, severity, message, file, range };
    };
    const expected = onThisMachine.flatMap((recipe) => found.get(recipe)!.map(brief));
    assert.deepEqual(said.map(brief), expected);
  });
});

/** The first recipe with each list of codes. */
function oneOfEachKind(recipes: readonly CorpusRecipe[]): readonly CorpusRecipe[] {
  const firsts = new Map<string, CorpusRecipe>();
  for (const recipe of recipes) {
    const kind = recipe.expected.map(({ code }) => code).join();
    if (!firsts.has(kind)) firsts.set(kind, recipe);
  }
  return [...firsts.values()];
}
