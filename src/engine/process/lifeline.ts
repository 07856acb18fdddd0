import { Socket } from 'node:net';
import { Worker, parentPort } from 'node:worker_threads';

/** Milliseconds that a run has to end its step and write a checkpoint once the parent is gone. */
const graceTime = 3_000;
/** Milliseconds between two looks at who the parent is. */
const lookTime = 1_000;

/**
 * Ends this process when its parent dies, however it dies. It first calls `onParentGone`, which may write a checkpoint;
 * three seconds later nothing is asked any more. The watch is a thread of its own, because steps block the main one.
 * @param file what the thread runs: it must call `watchParent`
 */
export function holdLifeline(file: string, onParentGone: () => void): void {
  const thread = new Worker(file);
  thread.on('message', onParentGone);
  thread.unref();
}

/** Runs in the thread: the parent holds the other end of stdin and never writes, so its end is the parent's end. */
export function watchParent(): void {
  const parent = process.ppid;
  const stdin = new Socket({ fd: 0, readable: true, writable: false });
  // A foreign process may have inherited the other end. Windows does not give orphans a new parent: there the end of
  // stdin alone must tell.
  const look = setInterval(() => {
    if (process.ppid !== parent) stdin.destroy();
  }, lookTime);
  stdin.on('error', () => stdin.destroy());
  stdin.once('close', () => {
    clearInterval(look);
    parentPort?.postMessage('gone');
    setTimeout(() => process.kill(process.pid, 'SIGKILL'), graceTime);
  });
  stdin.resume();
}
