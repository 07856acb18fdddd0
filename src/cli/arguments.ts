import { parseArgs } from 'node:util';
import { nearest } from '../recipe/nearest';
import type { Command, CommandInput, OptionSpec } from './command';
import { wrongUsage } from './failures';

/** Options that every command has. */
export const commonOptions: Readonly<Record<string, OptionSpec>> = {
  json: { type: 'flag', description: 'Print JSON for programs on stdout; words for people go to stderr.' },
  help: { type: 'flag', description: 'Explain this command.' },
};

type Token = NonNullable<ReturnType<typeof parseArgs>['tokens']>[number];

/**
 * Reads what follows the command's name. `--help` and `-h` win over everything that is wrong.
 * @throws Failure `wrong-usage` with the nearest option
 */
export function readInput(command: Command, args: readonly string[]): CommandInput | 'help' {
  const options = { ...command.options, ...commonOptions };
  const { tokens, positionals } = parseArgs({
    args: [...args],
    options: Object.fromEntries(Object.entries(options).map(([name, spec]) => [name, nodeOption(spec)])),
    allowPositionals: true,
    strict: false,
    tokens: true,
  });
  if (tokens.some((token) => token.kind === 'option' && (token.name === 'help' || token.name === 'h'))) return 'help';
  const values = new Map<string, string[]>();
  for (const token of tokens) {
    if (token.kind !== 'option') continue;
    const value = checkedValue(command, options, token);
    values.set(token.name, [...(values.get(token.name) ?? []), value]);
  }
  checkPositionals(command, positionals);
  return {
    positionals,
    flag: (name) => values.has(name),
    text: (name) => values.get(name)?.at(-1),
    list: (name) => values.get(name) ?? [],
  };
}

function nodeOption(spec: OptionSpec): { type: 'string' | 'boolean'; multiple: boolean; short?: string } {
  return { type: spec.type === 'text' ? 'string' : 'boolean', multiple: true };
}

function checkedValue(
  command: Command,
  options: Readonly<Record<string, OptionSpec>>,
  token: Extract<Token, { kind: 'option' }>,
): string {
  const spec = Object.hasOwn(options, token.name) ? options[token.name] : undefined;
  if (spec === undefined) {
    const meant = nearest(token.name, Object.keys(options));
    const hint = meant === undefined ? helpHint(command) : `Did you mean --${meant}?`;
    throw wrongUsage(`\`lora ${command.name}\` has no option ${token.rawName}.`, hint);
  }
  if (spec.type === 'flag') {
    if (token.value === undefined) return '';
    throw wrongUsage(`${token.rawName} takes no value.`, helpHint(command));
  }
  // Two options in a row: the value of the first was forgotten.
  const isForgotten = token.value === undefined || (!token.inlineValue && /^--?[a-z]/i.test(token.value));
  if (isForgotten) {
    const value = spec.value ?? 'VALUE';
    throw wrongUsage(`${token.rawName} needs a value: ${token.rawName}=${value}.`, helpHint(command));
  }
  return token.value;
}

function checkPositionals(command: Command, positionals: readonly string[]): void {
  const missing = command.arguments.find((argument, at) => argument.isRequired && positionals[at] === undefined);
  if (missing !== undefined) {
    throw wrongUsage(`\`lora ${command.name}\` needs ${missing.name}.`, helpHint(command));
  }
  const isOpen = command.arguments.at(-1)?.isList === true;
  const extra = isOpen ? undefined : positionals[command.arguments.length];
  if (extra !== undefined) {
    throw wrongUsage(`\`lora ${command.name}\` does not know what to do with "${extra}".`, helpHint(command));
  }
}

function helpHint(command: Command): string {
  return `\`lora ${command.name} --help\` explains it.`;
}

/** @throws Failure `wrong-usage` unless the option is missing (`otherwise`) or a number in the range */
export function numberOption(
  input: CommandInput,
  name: string,
  range: { readonly min: number; readonly max?: number; readonly isWhole?: boolean },
  otherwise: number,
): number {
  const text = input.text(name);
  if (text === undefined) return otherwise;
  const value = text.trim() === '' ? Number.NaN : Number(text);
  const fits = value >= range.min && value <= (range.max ?? Number.MAX_SAFE_INTEGER);
  if (fits && (range.isWhole !== true || Number.isInteger(value))) return value;
  const kind = range.isWhole === true ? 'a whole number' : 'a number';
  const bounds = range.max === undefined ? `of at least ${range.min}` : `from ${range.min} to ${range.max}`;
  throw wrongUsage(`--${name} must be ${kind} ${bounds}, but is "${text}".`, `Leave --${name} out for its default.`);
}

/** @throws Failure `wrong-usage` when the option is missing */
export function requiredOption(command: string, input: CommandInput, name: string, value: string): string {
  const text = input.text(name);
  if (text !== undefined && text !== '') return text;
  throw wrongUsage(`\`lora ${command}\` needs --${name} ${value}.`, `\`lora ${command} --help\` explains it.`);
}
