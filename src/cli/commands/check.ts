import path from 'node:path';
import { applyPreferredFixes } from '../../recipe/fixAll';
import type { Problem, Severity } from '../../recipe/problem';
import type { FileProblem } from '../../run/answers';
import { Failure } from '../../failure/failure';
import { printJson, type Command, type CommandContext } from '../command';
import { writeFileAtomically } from '../../engine/formats/atomicFile';
import { readRecipeText } from '../../engine/operations/loadRecipe';
import { shortPath } from '../loadRecipe';
import type { Colour, Terminal } from '../terminal';

const colours: Readonly<Record<Severity, Colour>> = { error: 'red', warning: 'yellow', info: 'blue' };

export const checkCommand: Command = {
  name: 'check',
  summary: 'Find what is wrong with recipes, their models and data before training',
  arguments: [{ name: 'FILE', isRequired: true, isList: true }],
  options: {
    fix: { type: 'flag', description: 'Make the changes that solve a problem for certain, and say which.' },
  },
  notes: ['Without --fix nothing is changed. With it comments and layout of the recipe stay as they are.'],
  stopsWhenAsked: false,
  async run(input, context) {
    const files = input.positionals.map((file) => path.resolve(context.cwd, file));
    const problems: FileProblem[] = [];
    for (const file of files) {
      if (input.flag('fix')) await fixFile(file, context);
      problems.push(...(await problemsIn(file, context)));
    }
    if (context.isJson) {
      printJson(
        context,
        problems.map(({ file, code, severity, message, path: key, range }) => {
          return { file, code, severity, message, path: key, range };
        }),
      );
    } else {
      for (const problem of problems) context.stdout.line(problemLine(problem, context.cwd, context.stdout));
    }
    context.stderr.line(summary(problems, files.length));
    return problems.some(({ severity }) => severity === 'error') ? 1 : 0;
  },
};

/** A fix can uncover another problem, such as a value that is read only now; a recipe has not many keys. */
const fixRounds = 10;

/** Applies the preferred fixes of a recipe's problems, round by round, and says each. */
async function fixFile(file: string, context: CommandContext): Promise<void> {
  const seen = new Set<string>();
  for (let round = 0; round < fixRounds; round++) {
    const problems = (await problemsIn(file, context)).filter((problem) => problem.file === file);
    if (problems.every(({ fixes }) => fixes === undefined)) return;
    const before = await readRecipeText(file);
    const { text, applied } = applyPreferredFixes(before, problems);
    // Two fixes that undo each other would go round for ever.
    if (text === before || seen.has(text)) return;
    seen.add(before);
    await writeFileAtomically(file, text);
    for (const { problem, fix } of applied) {
      context.stderr.line(
        `${context.stderr.paint('green', 'fixed')} ${placeOf(problem, file, context.cwd)} ${problem.code}: ${fix.title}`,
      );
    }
  }
}

function placeOf({ range: { start } }: Problem, file: string, cwd: string): string {
  return `${shortPath(file, cwd)}:${start.line + 1}:${start.character + 1}`;
}

/** A file that is missing or cannot be read is a problem like any other: the other files are checked all the same. */
async function problemsIn(file: string, context: CommandContext): Promise<readonly FileProblem[]> {
  try {
    await readRecipeText(file);
    return (await (await context.engine()).check(file)).problems;
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    const { code, message, hint } = error;
    const start = { line: 0, character: 0 };
    const whole = hint === undefined ? message : `${message} ${hint}`;
    return [{ file, code, severity: 'error', message: whole, path: '', range: { start, end: start } }];
  }
}

/** `file:line:column severity code message`, counted from 1 as editors and compilers do. */
function problemLine(problem: FileProblem, cwd: string, terminal: Terminal): string {
  const place = placeOf(problem, problem.file, cwd);
  const severity = terminal.paint(colours[problem.severity], problem.severity);
  return `${place} ${severity} ${terminal.paint('dim', problem.code)} ${problem.message}`;
}

function summary(problems: readonly FileProblem[], files: number): string {
  const counted = (count: number, word: string): string => `${count} ${word}${count === 1 ? '' : 's'}`;
  const count = (severity: Severity): number => problems.filter((problem) => problem.severity === severity).length;
  const where = `in ${counted(files, 'file')}`;
  if (problems.length === 0) return `Nothing wrong ${where}.`;
  const kinds = (['error', 'warning', 'info'] as const).filter((severity) => count(severity) > 0);
  return `${kinds.map((severity) => counted(count(severity), severity === 'info' ? 'note' : severity)).join(', ')} ${where}.`;
}
