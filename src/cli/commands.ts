import type { Command } from './command';
import { adaptersCommand } from './commands/adapters';
import { checkCommand } from './commands/check';
import { combineCommand } from './commands/combine';
import { doctorCommand } from './commands/doctor';
import { downloadCommand } from './commands/download';
import { evaluateCommand } from './commands/evaluate';
import { exportCommand } from './commands/export';
import { generateCommand } from './commands/generate';
import { importCommand } from './commands/import';
import { initCommand } from './commands/init';
import { languageServerCommand } from './commands/languageServer';
import { mergeCommand } from './commands/merge';
import { planCommand } from './commands/plan';
import { publishCommand } from './commands/publish';
import { runsCommand } from './commands/runs';
import { serveCommand } from './commands/serve';
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
  mergeCommand,
  combineCommand,
  serveCommand,
  exportCommand,
  importCommand,
  publishCommand,
  adaptersCommand,
  runsCommand,
  doctorCommand,
  setupCommand,
  languageServerCommand,
];
