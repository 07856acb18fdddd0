import packageFile from '../../package.json';
import { describePlace, Failure } from '../failure/failure';
import { nearest } from '../recipe/nearest';
import { errorEvent } from '../run/failures';
import { readInput } from './arguments';
import type { Command, CommandContext, CommandExit } from './command';
import { commands } from './commands';
import type { Engine } from './engine';
import { wrongUsage } from './failures';
import { commandHelp, generalHelp } from './help';
import { Terminal, type Surroundings } from './terminal';
import { inTypedWords } from './typedWords';

export interface Invocation extends Surroundings {
  /** What follows `lora`. */
  readonly args: readonly string[];
  readonly loadEngine: () => Promise<Engine>;
  /** Aborted when the user asks to stop; `stopsWhenAsked` tells the caller whether the command heeds it. */
  readonly signal: AbortSignal;
  readonly onCommand: (command: Command) => void;
}

/** Runs one `lora` command; resolves to the exit code and never rejects. */
export async function main(invocation: Invocation): Promise<CommandExit> {
  const [first, ...rest] = invocation.args;
  const stdout = new Terminal(invocation.stdout, invocation);
  const stderr = new Terminal(invocation.stderr, invocation);
  try {
    if (first === undefined) {
      stderr.write(generalHelp(commands));
      return 2;
    }
    if (first === 'help' || first === '--help' || first === '-h') return help(rest, stdout);
    if (first === '--version' || first === '-v') {
      stdout.line(packageFile.version);
      return 0;
    }
    return await runCommand(findCommand(first), rest, invocation, { stdout, stderr });
  } catch (error) {
    const isTrain = first === 'train';
    return report(
      error,
      { stdout, stderr },
      invocation.args.includes('--json') ? (isTrain ? 'event' : 'value') : 'none',
    );
  }
}

async function runCommand(
  command: Command,
  args: readonly string[],
  invocation: Invocation,
  { stdout, stderr }: { readonly stdout: Terminal; readonly stderr: Terminal },
): Promise<CommandExit> {
  const input = readInput(command, args);
  if (input === 'help') {
    stdout.write(commandHelp(command));
    return 0;
  }
  const isJson = input.flag('json');
  const context: CommandContext = {
    stdout,
    stderr,
    words: isJson ? stderr : stdout,
    isJson,
    isInteractive: invocation.isInteractive,
    cwd: invocation.cwd,
    signal: invocation.signal,
    engine: invocation.loadEngine,
  };
  invocation.onCommand(command);
  try {
    return await command.run(input, context);
  } catch (error) {
    // What a command throws after it was asked to stop is how it stopped, unless it says what went wrong.
    if (invocation.signal.aborted && !(error instanceof Failure)) return 130;
    throw inTypedWords(error, command);
  }
}

function help([name]: readonly string[], stdout: Terminal): CommandExit {
  stdout.write(name === undefined ? generalHelp(commands) : commandHelp(findCommand(name)));
  return 0;
}

/** @throws Failure `wrong-usage` with the nearest command */
function findCommand(name: string): Command {
  const command = commands.find((candidate) => candidate.name === name);
  if (command !== undefined) return command;
  const meant = nearest(
    name,
    commands.map((known) => known.name),
  );
  const what = name.startsWith('-') ? 'option' : 'command';
  const hint = meant === undefined ? '`lora help` lists the commands.' : `Did you mean \`lora ${meant}\`?`;
  throw wrongUsage(`There is no ${what} "${name}".`, hint);
}

/** Tells people on stderr and, with `--json`, programs on stdout what went wrong. */
function report(
  error: unknown,
  { stdout, stderr }: { readonly stdout: Terminal; readonly stderr: Terminal },
  json: 'none' | 'event' | 'value',
): CommandExit {
  const failure = error instanceof Failure ? error : bug(error);
  const place = describePlace(failure.place);
  stderr.line(`${stderr.paint('red', 'error:')} ${failure.message}`);
  if (place !== '') stderr.line(`  at ${place}`);
  if (failure.hint !== undefined) stderr.line(`  ${failure.hint}`);
  if (failure !== error) stderr.line(error instanceof Error ? (error.stack ?? error.message) : String(error));
  const { type, ...fields } = errorEvent(failure);
  if (json === 'event') stdout.line(JSON.stringify({ type, ...fields }));
  if (json === 'value') stdout.line(JSON.stringify({ error: { ...fields, place: failure.place ?? null } }));
  return failure.exitCode;
}

function bug(error: unknown): Failure {
  const reason = error instanceof Error ? error.message : String(error);
  return new Failure('internal-error', `This is a bug in lora, not your fault: ${reason}`, {
    hint: 'Please report it with the lines below.',
    exitCode: 3,
  });
}
