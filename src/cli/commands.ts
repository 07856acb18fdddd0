import type { Command } from './command';
import { adaptersCommand } from './commands/adapters';
import { checkCommand } from './commands/check';
import { doctorCommand } from './commands/doctor';
import { evaluateCommand } from './commands/evaluate';
import { generateCommand } from './commands/generate';
import { initCommand } from './commands/init';
import { planCommand } from './commands/plan';
import { runsCommand } from './commands/runs';
import { tokensCommand } from './commands/tokens';
import { trainCommand } from './commands/train';

/** Every command, in the order of help. */
export const commands: readonly Command[] = [
  initCommand,
  checkCommand,
  planCommand,
  tokensCommand,
  trainCommand,
  evaluateCommand,
  generateCommand,
  adaptersCommand,
  runsCommand,
  doctorCommand,
];

/** Commands that are promised, and what they will do: refused in one sentence until they are built. */
export const comingCommands: Readonly<Record<string, string>> = {
  merge: 'write base model and adapter as one model',
  export: "write an adapter in other tools' formats",
  serve: 'answer over an OpenAI-compatible interface',
  setup: 'set up TensorFlow as a second runtime',
  download: 'fetch a model from the Hugging Face hub',
  'language-server': 'check recipes while they are typed in an editor',
};
