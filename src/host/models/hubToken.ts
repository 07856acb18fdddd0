import * as vscode from 'vscode';

const key = 'lora.hubToken';
/** Milliseconds that the status bar says what was done. */
const shown = 5000;

/** What a token is asked for: to fetch models, or to put adapters on the hub. */
export type TokenUse = 'reading' | 'writing';

const purposes: Readonly<Record<TokenUse, string>> = {
  reading: 'Needed only for gated and private models. Make one at huggingface.co/settings/tokens: reading is enough.',
  writing: 'Publishing needs one that may write. Make it at huggingface.co/settings/tokens.',
};

/** The user's Hugging Face token, in VS Code's store of secrets: never in settings, on a command line or in the log. */
export class HubToken {
  constructor(private readonly secrets: vscode.SecretStorage) {}

  async get(): Promise<string | null> {
    return (await this.secrets.get(key)) ?? null;
  }

  /** Set Hugging Face Token: asks for it; an empty answer forgets the one that is stored. Gives whether one was set. */
  async ask(use: TokenUse = 'reading'): Promise<boolean> {
    const hasOne = (await this.get()) !== null;
    const token = await vscode.window.showInputBox({
      title: 'Set Hugging Face Token',
      prompt: hasOne ? `${purposes[use]} One is stored; leave this empty to forget it.` : purposes[use],
      placeHolder: 'hf_…',
      password: true,
      ignoreFocusOut: true,
      validateInput: (typed) => (/^[\x21-\x7e]*$/.test(typed.trim()) ? undefined : 'A token is a single word.'),
    });
    if (token === undefined) return false;
    if (token.trim() === '') {
      await this.secrets.delete(key);
      if (hasOne) vscode.window.setStatusBarMessage('The Hugging Face token is forgotten.', shown);
      return false;
    }
    await this.secrets.store(key, token.trim());
    vscode.window.setStatusBarMessage('The Hugging Face token is stored.', shown);
    return true;
  }
}
