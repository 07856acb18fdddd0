import type { FromChild, ToChild } from '../questions';
import { FactFinder } from './factFinder';

/** Answers the questions of the process that started this one, one after the other. */
export function answerQuestions(): void {
  if (process.send === undefined) throw new Error('The language server starts this file');
  const finder = new FactFinder();
  const stops = new Map<number, AbortController>();
  let turn: Promise<void> = Promise.resolve();
  // Without a server nobody hears it.
  const tell = (answer: FromChild): void => void process.send?.(answer, undefined, {}, () => undefined);

  process.on('message', (message: ToChild) => {
    if (message.type === 'forget') {
      stops.get(message.id)?.abort();
      return;
    }
    const { id, name, recipe } = message;
    const stop = new AbortController();
    stops.set(id, stop);
    turn = turn.then(async () => {
      try {
        // Typed on before it was its turn: nobody waits any more.
        stop.signal.throwIfAborted();
        tell({ type: 'answer', id, value: await finder.find(name, recipe, stop.signal) });
      } catch (error) {
        if (stop.signal.aborted) tell({ type: 'dropped', id });
        else
          tell({ type: 'broken', id, stack: error instanceof Error ? (error.stack ?? error.message) : String(error) });
      } finally {
        stops.delete(id);
      }
    });
  });
}
