import { Socket } from 'node:net';
import { parentPort, workerData } from 'node:worker_threads';

/**
 * Entry point of `dist/lifeline.js`, a thread of a process that must not outlive its parent; small, as every such process
 * holds it. The parent holds the other end of stdin and never writes, so its end is the parent's end.
 */

/** Milliseconds that the process has to come to an end of its own. */
const graceTime = Number(workerData);
/** Milliseconds between two looks at who the parent is. */
const lookTime = 1_000;

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
