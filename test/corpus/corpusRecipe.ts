import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { Facts } from '../../src/recipe/facts';
import type { Severity, TextRange } from '../../src/recipe/problem';
import { TextIndex } from '../../src/recipe/textIndex';

/** A problem by what a user sees of it, without its words. */
export interface Place {
  readonly code: string;
  /** The range in the recipe, or file and line of another file: `data/number.jsonl:11`. */
  readonly at: string;
}

/** One recipe of the corpus with everything that should be found in it. */
export interface CorpusRecipe {
  readonly title: string;
  /** Name of its folder and file. */
  readonly slug: string;
  /** The file of the corpus that it stands in, with its line. */
  readonly origin: string;
  /** Where people met it: `owner/repo#number`, or `owner/repo path/of/a/configuration`. */
  readonly from: string | undefined;
  readonly text: string;
  readonly expected: readonly Place[];
  /** Other recipes in its folder. */
  readonly beside: readonly { readonly name: string; readonly text: string }[];
  /** What is other than on this machine: what no model, file or machine of a test can show. */
  readonly facts: Facts | undefined;
}

/** Where the recipes lie; tests run at the root of the checkout. */
const folder = path.resolve('test/corpus/recipes');

/** Real models and data; `<data>` in a recipe stands for it. */
const dataFolder = process.env['LORA_TEST_DATA'] ?? '';
const hasData = existsSync(path.join(dataFolder, 'models', 'stories260K'));

/** All recipes; without the real models and data those that need them are left out. */
export function readCorpus(): readonly CorpusRecipe[] {
  const files = readdirSync(folder).filter((name) => name.endsWith('.recipes'));
  const all = files.sort().flatMap((name) => recipesIn(name, readFileSync(path.join(folder, name), 'utf8')));
  return hasData ? all : all.filter(({ text }) => !text.includes('<data>'));
}

function recipesIn(file: string, content: string): readonly CorpusRecipe[] {
  const lines = content.split('\n');
  const starts = lines.flatMap((line, at) => (line.startsWith('=== ') ? [at] : []));
  return starts.map((start, i) => {
    const block = lines.slice(start, starts[i + 1]);
    return readRecipe(`${file}:${start + 1}`, block);
  });
}

const header = /^(from|also|beside|facts): (.*)$/;

function readRecipe(origin: string, [heading, ...lines]: readonly string[]): CorpusRecipe {
  const title = heading!.slice(4);
  const begin = lines.findIndex((line) => !header.test(line));
  const headers = lines.slice(0, begin).map((line) => header.exec(line)!);
  const all = (key: string): readonly string[] => headers.filter((one) => one[1] === key).map((one) => one[2]!);
  const { text, places } = unmarked(withData(lines.slice(begin).join('\n').trimEnd()));
  const [from] = all('from');
  const [facts] = all('facts');
  return {
    title,
    slug: title.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-'),
    origin,
    from,
    text,
    expected: [...places, ...all('also').map(placeElsewhere)],
    beside: all('beside').map((line) => {
      const space = line.indexOf(' ');
      return { name: line.slice(0, space), text: line.slice(space + 1) };
    }),
    facts: facts === undefined ? undefined : (JSON.parse(facts) as Facts),
  };
}

function withData(text: string): string {
  return hasData ? text.replaceAll('<data>', () => dataFolder.replaceAll('\\', '/')) : text;
}

/** `data/number.jsonl:11 dataset-row-invalid` */
function placeElsewhere(line: string): Place {
  const [at, code] = line.split(' ');
  return { code: code!, at: at! };
}

/** Takes the marks out of a text: `‹code what is marked›`, which may hold other marks. */
function unmarked(marked: string): { readonly text: string; readonly places: readonly Place[] } {
  const open: { readonly code: string; readonly start: number }[] = [];
  const found: { readonly code: string; readonly start: number; readonly end: number }[] = [];
  let text = '';
  for (const piece of marked.split(/(‹[a-z0-9-]+ |›)/)) {
    if (piece === '›') found.push({ ...open.pop()!, end: text.length });
    else if (piece.startsWith('‹')) open.push({ code: piece.slice(1, -1), start: text.length });
    else text += piece;
  }
  if (open.length > 0) throw new Error(`A mark is never closed in ${marked}`);
  const index = new TextIndex(text);
  return {
    text,
    places: found.map(({ code, start, end }) => ({ code, at: rangeText(index.range(start, end - start)) })),
  };
}

/** `4:12-4:20`, counted from 1 as editors do. */
export function rangeText({ start, end }: TextRange): string {
  return `${start.line + 1}:${start.character + 1}-${end.line + 1}:${end.character + 1}`;
}

/** A problem of a check, of the process or in the same process. */
export interface FoundProblem {
  readonly code: string;
  readonly severity: Severity;
  readonly message: string;
  readonly file: string;
  readonly range: TextRange;
}

/** Where a problem lies. `world`: the folder that names of other files start at. */
export function placeOf({ code, file, range }: FoundProblem, recipeFile: string, world: string): Place {
  if (file === recipeFile) return { code, at: rangeText(range) };
  return { code, at: `${path.relative(world, file).replaceAll('\\', '/')}:${range.start.line + 1}` };
}
