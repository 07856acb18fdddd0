import type { Command } from './command';
import { adaptersCommand } from './commands/adapters';
import { checkCommand } from './commands/check';
import { doctorCommand } from './commands/doctor';
import { downloadCommand } from './commands/download';
import { evaluateCommand } from './commands/evaluate';
import { exportCommand } from './commands/export';
import { generateCommand } from './commands/generate';
import { initCommand } from './commands/init';
import { languageServerCommand } from './commands/languageServer';
import { planCommand } from './commands/plan';
import { runsCommand } from './commands/runs';
import { setupCommand } from './commands/setup';
import { tokensCommand } from './commands/tokens';
import { trainCommand } from './commands/train';

/** Every command, in the order of help. */
export const commands: readonly Command[] = [
  downloadCommand,
  initCommand,
  checkCommand,
  planCommand,
  tokensCommand,
  trainCommand,
  evaluateCommand,
  generateCommand,
  exportCommand,
  adaptersCommand,
  runsCommand,
  doctorCommand,
  setupCommand,
  languageServerCommand,
];

/** A command that is promised: refused in one sentence until it is built. */
export interface ComingCommand {
  /** What it will do, as after "it will". */
  readonly purpose: string;
  /** What to do until then. */
  readonly instead: string;
}

export const comingCommands: Readonly<Record<string, ComingCommand>> = {
  merge: {
    purpose: 'write base model and adapter as one model',
    instead: "Until then PEFT's merge_and_unload() does it in Python: the adapter folder is in PEFT's format.",
  },
  serve: {
    purpose: 'answer over an OpenAI-compatible interface',
    instead: 'Until then `lora generate` answers one prompt at a time.',
  },
};
