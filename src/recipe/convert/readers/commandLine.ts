import type { JsonValue } from '../../schema';
import type { Tool } from '../conversion';
import { isTable, unreadable, type Setting, type Source } from '../source';
import { shellCommands, type CommandLine, type Word } from './shellWords';

/** The arguments of a training command, and whose they are when its name says so. */
interface TrainingCommand {
  readonly tool: Tool | undefined;
  readonly arguments: CommandLine;
}

/** The word, or the two words, with which a command says what trains; its arguments follow. */
const programs: readonly { readonly pattern: RegExp; readonly tool: Tool | undefined }[] = [
  { pattern: /(^| |\/)trl sft$/, tool: 'trl' },
  { pattern: /(^| |\/)(llamafactory-cli|lmf) train$/, tool: 'llama-factory' },
  { pattern: /(^| |\/)axolotl(\.cli\.| )train$/, tool: 'axolotl' },
  { pattern: /(^| |\/)mlx_lm[. ]lora$/, tool: 'mlx-lm' },
  { pattern: /(^| )\S+\.py$/, tool: undefined },
];

const otherTrainers = /(^| |\/)trl (dpo|grpo|kto|reward|rloo|orpo|cpo|distillation)( |$)/;

/** Whether some command in the text trains: worth reading as a script. */
export function looksLikeCommands(text: string): boolean {
  return /(^|[\s/])(trl\s+\w+|llamafactory-cli\s+train|axolotl(\.cli\.|\s+)train|mlx_lm[. ]lora)\s|\.py[\s\\]+--|^\s*--\w/.test(
    text,
  );
}

/** The arguments of the first training command in a shell script or on a command line. */
export function readCommandLine(text: string): Source {
  const commands = shellCommands(text);
  const found = commands.map(trainingCommand).filter((command) => command !== undefined);
  // A script prepares data first: the command with the most arguments trains.
  const command = found.sort((a, b) => b.arguments.length - a.arguments.length)[0];
  if (command === undefined) {
    const other = commands.find((words) => otherTrainers.test(joined(words)));
    return other === undefined
      ? unreadable('No command in this text trains: there is no `trl sft`, `llamafactory-cli train` or similar.')
      : unreadable(
          'Only supervised fine-tuning (`trl sft`) can be converted: preferences and rewards are not learnt here.',
          other[0]!.line,
        );
  }
  const [first] = command.arguments;
  const isFile = first !== undefined && !first.text.startsWith('-') && /\.(ya?ml|json)$/i.test(first.text);
  if (isFile || command.tool === 'axolotl') {
    return unreadable(
      `The settings stand in another file, ${first?.text ?? 'a YAML file'}: convert that one.`,
      first?.line ?? 1,
    );
  }
  return { tool: command.tool, settings: settingsOf(command.arguments), problems: [] };
}

function joined(words: CommandLine): string {
  return words.map(({ text }) => text).join(' ');
}

function trainingCommand(words: CommandLine): TrainingCommand | undefined {
  if (words[0]?.text.startsWith('--') === true) return { tool: undefined, arguments: words };
  for (let count = 1; count <= words.length; count++) {
    const program = programs.find(({ pattern }) => pattern.test(joined(words.slice(Math.max(0, count - 2), count))));
    const rest = words.slice(count);
    if (program === undefined || (program.tool === undefined && !rest.some(isOption))) continue;
    return { tool: program.tool, arguments: rest };
  }
  return undefined;
}

/** `--a 1 --b x y --flag --no_c` as Transformers' and Python's argument parsers read it. */
function settingsOf(words: CommandLine): readonly Setting[] {
  const settings: Setting[] = [];
  for (let at = 0; at < words.length;) {
    const option = words[at++]!;
    if (!isOption(option)) continue;
    const equals = option.text.indexOf('=');
    const values: Word[] = [];
    if (equals > 0) values.push({ ...option, text: option.text.slice(equals + 1) });
    while (equals < 0 && at < words.length && !isOption(words[at]!)) values.push(words[at++]!);
    const name = (equals > 0 ? option.text.slice(0, equals) : option.text).replace(/^-+/, '').replaceAll('-', '_');
    const isOff = values.length === 0 && name.startsWith('no_');
    const value = values.length > 0 ? values.map(({ text }) => valueOf(text)) : [!isOff];
    settings.push(
      setting(
        isOff ? name.slice(3) : name,
        value.length === 1 ? value[0]! : value,
        option.line,
        values.some(({ isComputed }) => isComputed),
      ),
    );
  }
  return settings;
}

function isOption({ text }: Word): boolean {
  return /^--?[a-z]/i.test(text);
}

function setting(name: string, value: JsonValue, line: number, isComputed: boolean): Setting {
  const inner = isTable(value)
    ? Object.entries(value)
    : Array.isArray(value)
      ? Object.entries(value as readonly JsonValue[])
      : [];
  const members = inner.map(([key, part]) => setting(key, part, line, false));
  return { key: name, name, value, line, members, ...(isComputed ? { isComputed } : {}) };
}

function valueOf(text: string): JsonValue {
  if (/^(true|false)$/i.test(text)) return text.toLowerCase() === 'true';
  if (/^(none|null)$/i.test(text)) return null;
  if (/^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(text)) return Number(text);
  if (!/^[{[]/.test(text)) return text;
  try {
    return JSON.parse(text) as JsonValue;
  } catch {
    return text;
  }
}
