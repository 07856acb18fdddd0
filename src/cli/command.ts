import type { Engine } from './engine';
import type { Terminal } from './terminal';

export interface OptionSpec {
  readonly type: 'text' | 'flag';
  /** May be given more than once. */
  readonly isList?: boolean;
  /** What the value is called in help, such as `DIR[:weight]`. */
  readonly value?: string;
  readonly description: string;
}

export interface ArgumentSpec {
  /** As in help: `RECIPE`. */
  readonly name: string;
  readonly isRequired: boolean;
  /** May be given more than once; only the last argument. */
  readonly isList?: boolean;
}

/** The arguments and options of one call, checked against the command's own list. */
export interface CommandInput {
  readonly positionals: readonly string[];
  flag(name: string): boolean;
  text(name: string): string | undefined;
  list(name: string): readonly string[];
}

export interface CommandContext {
  /** For people's words, unless `--json` needs it alone. */
  readonly stdout: Terminal;
  readonly stderr: Terminal;
  /** `stdout`, with `--json` `stderr`: where words for people go. */
  readonly words: Terminal;
  readonly isJson: boolean;
  readonly isInteractive: boolean;
  readonly cwd: string;
  /** Aborted by the first Ctrl-C. */
  readonly signal: AbortSignal;
  /** Started at the first call: `lora help` never waits for it. */
  readonly engine: () => Promise<Engine>;
}

/** 0 done · 1 recipe, data or model is wrong · 2 wrong usage · 3 the run failed · 130 stopped by the user. */
export type CommandExit = 0 | 1 | 2 | 3 | 130;

export interface Command {
  readonly name: string;
  /** One line for the list of commands. */
  readonly summary: string;
  readonly arguments: readonly ArgumentSpec[];
  readonly options: Readonly<Record<string, OptionSpec>>;
  /** Further lines of its help. */
  readonly notes?: readonly string[];
  /** Whether it ends by itself soon after `signal` is aborted; otherwise Ctrl-C ends the process at once. */
  readonly stopsWhenAsked: boolean;
  readonly run: (input: CommandInput, context: CommandContext) => Promise<CommandExit>;
}

/**
 * Tells what was made, as the one JSON value or in words, or that a stop left things as they were; gives the exit code.
 * @param made undefined where it was stopped
 */
export function tellMade<Made>(
  context: CommandContext,
  made: Made | undefined,
  words: (made: Made) => readonly string[],
  stopped = 'Stopped: nothing was written.',
): CommandExit {
  if (made === undefined) {
    context.stderr.line(stopped);
    return 130;
  }
  if (context.isJson) printJson(context, made);
  else for (const text of words(made)) context.words.line(text);
  return 0;
}

/** Prints the one JSON value that `--json` promises. */
export function printJson(context: CommandContext, value: unknown): void {
  context.stdout.line(JSON.stringify(value));
}
