import path from 'node:path';
import { createConnection, type Connection } from 'vscode-languageserver/node';
import { IPCMessageReader, IPCMessageWriter } from 'vscode-languageserver/node';
import { codePage } from './codePage';
import { RecipeServer } from './server';

/** The protocol goes over this process's IPC channel (VS Code) or over stdin and stdout (other editors). */
export type Transport = 'ipc' | 'stdio';

/** Runs the language server until the editor ends it, or is gone itself. */
export function serveLanguage(transport: Transport): void {
  const connection = connectionOver(transport);
  new RecipeServer(connection, { factsFile: path.join(__dirname, 'recipeFacts.js'), page: codePage }).listen();
}

function connectionOver(transport: Transport): Connection {
  if (transport === 'ipc') {
    // The editor is gone, however it ended.
    process.once('disconnect', () => process.exit(1));
    return createConnection(new IPCMessageReader(process), new IPCMessageWriter(process));
  }
  const connection = createConnection(process.stdin, process.stdout);
  // Whatever is printed would get between the messages.
  const log = (...values: unknown[]): void => connection.console.log(values.map(String).join(' '));
  Object.assign(console, { log, info: log, warn: log, error: log, debug: log });
  return connection;
}
