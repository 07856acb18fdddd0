import path from 'node:path';
import { Worker } from 'node:worker_threads';

/**
 * Ends this process when its parent dies, however it dies. It first calls `onParentGone`; after `graceTime` milliseconds
 * nothing is asked any more. The watch is a thread of its own, because what the main one computes may block it for ever.
 */
export function holdLifeline(graceTime: number, onParentGone: () => void): void {
  const thread = new Worker(path.join(__dirname, 'lifeline.js'), {
    workerData: graceTime,
    resourceLimits: { maxYoungGenerationSizeMb: 1 },
  });
  thread.on('message', onParentGone);
  thread.unref();
}
