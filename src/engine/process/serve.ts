import { IPCMessageReader, IPCMessageWriter, createMessageConnection } from 'vscode-jsonrpc/node';
import { notifications } from '../../run/engineProtocol';
import { EngineServer } from './engineServer';
import { holdLifeline } from './lifeline';

/** Milliseconds that a run has to end its step and write a checkpoint once the editor is gone. */
const graceTime = 3_000;

/** Serves the process that started this one, until it lets go of the channel, dies or sends a signal. */
export function serve(): void {
  if (process.send === undefined) {
    process.stderr.write('The extension starts this file. Use `lora` on the command line.\n');
    process.exit(2);
  }
  // Whoever read the output may be gone first, which must not keep a checkpoint from being written.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
  const connection = createMessageConnection(new IPCMessageReader(process), new IPCMessageWriter(process));
  const server = new EngineServer(connection);
  const leave = (exitCode: number): void => void server.end().then(() => process.exit(exitCode));
  connection.onNotification(notifications.exit, () => leave(0));
  connection.listen();
  process.once('disconnect', () => leave(0));
  holdLifeline(graceTime, () => leave(0));
  for (const [signal, exitCode] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const) {
    process.on(signal, () => {
      // Asked a second time: at once.
      if (server.isTraining) leave(exitCode);
      else process.exit(exitCode);
    });
  }
}
