import { parentPort } from 'node:worker_threads';
import type { FromThread, ToThread } from '../questions';
import { FactFinder } from './factFinder';

/** Entry point of `dist/recipeFacts.js`: answers questions about recipes, one after the other. */
const port = parentPort;
if (port === null) throw new Error('This is a thread of the language server and does not run alone');

const finder = new FactFinder();
const stops = new Map<number, AbortController>();
let turn: Promise<void> = Promise.resolve();

port.on('message', (message: ToThread) => {
  if (message.type === 'forget') {
    stops.get(message.id)?.abort();
    return;
  }
  const { id, name, recipe } = message;
  const stop = new AbortController();
  stops.set(id, stop);
  const tell = (answer: FromThread): void => port.postMessage(answer);
  turn = turn.then(async () => {
    try {
      // Typed on before it was its turn: nobody waits any more.
      stop.signal.throwIfAborted();
      tell({ type: 'answer', id, value: await finder.find(name, recipe, stop.signal) });
    } catch (error) {
      if (stop.signal.aborted) tell({ type: 'dropped', id });
      else tell({ type: 'broken', id, stack: error instanceof Error ? (error.stack ?? error.message) : String(error) });
    } finally {
      stops.delete(id);
    }
  });
});
