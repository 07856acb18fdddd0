import { commonOptions } from './arguments';
import type { ArgumentSpec, Command, OptionSpec } from './command';

/** `lora help`: every command in one line. */
export function generalHelp(commands: readonly Command[]): string {
  const rows = commands.map((command): readonly [string, string] => [usage(command), command.summary]);
  return [
    'lora: fine-tune a language model with LoRA, without Python',
    '',
    'Usage: lora COMMAND …',
    '',
    ...columns(rows),
    '',
    '`lora COMMAND --help` explains one command; `lora --version` prints the version.',
    '',
    'New here? `lora download` fetches a model, `lora init` writes a recipe, `lora check` finds its mistakes,',
    '`lora plan` says what it costs, `lora train` makes the adapter, and `lora generate` shows what it changed.',
    'Is it better? `lora evaluate`. To use it: `lora serve`, `lora merge` and `lora export`.',
    '',
  ].join('\n');
}

/** `lora COMMAND --help` */
export function commandHelp(command: Command): string {
  const options = Object.entries({ ...command.options, ...commonOptions });
  const rows = options.map(([name, spec]): readonly [string, string] => [optionUsage(name, spec), spec.description]);
  const notes = command.notes === undefined ? [] : ['', ...command.notes];
  return [command.summary, '', `Usage: lora ${usage(command)} [OPTIONS]`, '', ...columns(rows), ...notes, ''].join(
    '\n',
  );
}

function usage(command: Command): string {
  return [command.name, ...command.arguments.map(argumentUsage)].join(' ');
}

function argumentUsage({ name, isRequired, isList }: ArgumentSpec): string {
  const repeated = isList === true ? `${name}…` : name;
  return isRequired ? repeated : `[${repeated}]`;
}

function optionUsage(name: string, spec: OptionSpec): string {
  const value = spec.type === 'text' ? ` ${spec.value ?? 'VALUE'}` : '';
  return `--${name}${value}${spec.isList === true ? ' …' : ''}`;
}

function columns(rows: readonly (readonly [string, string])[]): readonly string[] {
  const width = Math.max(...rows.map(([left]) => left.length));
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`);
}
