import { serveLanguage } from '../../lsp/server/serve';
import type { Command } from '../command';
import { wrongUsage } from '../failures';

export const languageServerCommand: Command = {
  name: 'language-server',
  summary: 'Check and complete recipes in an editor that speaks the Language Server Protocol',
  arguments: [],
  options: {
    stdio: { type: 'flag', description: 'Speak over stdin and stdout; the only way there is.' },
  },
  notes: ['An editor starts it; docs/editors.md says how for Neovim, Helix and Zed.'],
  stopsWhenAsked: false,
  run(input) {
    if (!input.flag('stdio'))
      throw wrongUsage('`lora language-server` needs --stdio: editors speak with it over that.');
    serveLanguage('stdio');
    // The editor ends it: the server leaves the process when it is told to, or when the editor is gone.
    return new Promise(() => undefined);
  },
};
