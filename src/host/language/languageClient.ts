import type * as vscode from 'vscode';
import { LanguageClient, TransportKind } from 'vscode-languageclient/node';

/** A server's other end. Its `dispose` ends the server too. */
export type RunningClient = Pick<LanguageClient, 'dispose'>;

/** Starts the server of the bundle `serverFile` for recipes of these schemes. Rejects where it does not start. */
export async function startLanguageClient(
  serverFile: string,
  schemes: readonly string[],
  log: vscode.LogOutputChannel,
): Promise<RunningClient> {
  const client = new LanguageClient(
    'lora',
    'LoRA recipes',
    { module: serverFile, transport: TransportKind.ipc },
    {
      documentSelector: schemes.map((scheme) => ({ language: 'lora', scheme })),
      outputChannel: log,
      diagnosticCollectionName: 'lora',
      middleware: { provideCodeLenses: (document, token, next) => withIcons(next(document, token)) },
    },
  );
  await client.start();
  return client;
}

/** Other editors show text alone: only here it gets its pictures. */
async function withIcons(lenses: vscode.ProviderResult<vscode.CodeLens[]>): Promise<vscode.CodeLens[]> {
  const icons: Readonly<Record<string, string>> = {
    // A blank at the end of a picture would be swallowed.
    'lora.trainAdapter': '$(play)\u00a0',
    'lora.previewData': '$(eye)\u00a0',
  };
  const given = (await lenses) ?? [];
  for (const { command } of given) {
    if (command !== undefined) command.title = `${icons[command.command] ?? ''}${command.title}`;
  }
  return given;
}
