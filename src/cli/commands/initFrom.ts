import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { writeFileAtomically } from '../../engine/formats/atomicFile';
import { toolNames, type Conversion } from '../../recipe/convert/conversion';
import { recipeFileName } from '../../recipe/convert/recipeFileName';
import { shortValue } from '../../recipe/convert/recipeText';
import { printJson, type CommandContext, type CommandExit } from '../command';
import { fileExists, notConvertible, settingsUnreadable } from '../failures';
import { shortPath } from '../loadRecipe';
import { tableLines } from '../table';

export const fromOption = {
  from: {
    type: 'text',
    value: 'SETTINGS',
    description: 'Convert the settings of PEFT, Axolotl, LLaMA-Factory, TRL, MLX-LM or a script of theirs.',
  },
} as const;

/** `lora init --from SETTINGS [FILE]`: writes the recipe, and says on stderr what became of each setting. */
export async function initFrom(
  settings: string,
  output: string | undefined,
  context: CommandContext,
): Promise<CommandExit> {
  const source = path.resolve(context.cwd, settings);
  const file = path.resolve(context.cwd, output ?? recipeFileName(source));
  const text = await readSettings(source);
  const { convertToRecipe } = await import('../../recipe/convert/convert');
  const conversion = convertToRecipe(text, { fileName: path.basename(source), readIn: 'command line' });
  if (conversion.recipe === undefined) throw notConvertible(source, conversion.problems[0]);
  if (existsSync(file)) throw fileExists(file);
  await writeFileAtomically(file, conversion.recipe);
  for (const line of reportLines(conversion)) context.stderr.line(line);
  if (context.isJson) printJson(context, report(file, conversion));
  const shown = shortPath(file, context.cwd);
  const fill = conversion.toFill.length === 0 ? '' : ' Fill in what it lacks,';
  context.words.line(`Wrote ${shown}.${fill === '' ? ' Next:' : `${fill} then:`} \`lora check ${shown}\`.`);
  return 0;
}

/** @throws Failure `settings-unreadable` */
async function readSettings(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw settingsUnreadable(file, error);
  }
}

function report(file: string, { tool, kept, dropped, implied, toFill, checks }: Conversion): unknown {
  const problems = checks.map(({ code, severity, message, path: key, range }) => {
    return { code, severity, message, path: key, range };
  });
  return { file, tool, kept, dropped, implied, to_fill: toFill, problems };
}

function reportLines({ tool, kept, dropped, toFill, checks }: Conversion): readonly string[] {
  const count = (of: readonly unknown[], word: string): string => `${of.length} ${word}${of.length === 1 ? '' : 's'}`;
  const lines = [`${toolNames[tool!]}: ${count(kept, 'setting')} kept, ${dropped.length} without an equivalent.`];
  const keptRows = kept.map(({ key, value, to, written }) => [
    `${key}: ${shortValue(value)}`,
    `${to}: ${shortValue(written)}`,
  ]);
  if (kept.length > 0) lines.push('', ...tableLines(['kept', 'in the recipe'], keptRows));
  const droppedRows = dropped.map(({ key, value, why, instead }) => [
    `${key}: ${shortValue(value)}`,
    instead === undefined ? why : `${why} ${instead}`,
  ]);
  if (dropped.length > 0) lines.push('', ...tableLines(['no equivalent', 'why'], droppedRows));
  const fillRows = toFill.map(({ to, why }) => [to, why]);
  if (toFill.length > 0) lines.push('', ...tableLines(['to fill in', ''], fillRows));
  const errors = checks
    .filter(({ severity }) => severity === 'error')
    .map((problem) => [problem.path, problem.message]);
  if (errors.length > 0) lines.push('', ...tableLines(['to correct', ''], errors));
  return [...lines, ''];
}
