import { isMainThread } from 'node:worker_threads';
import { watchParent } from './process/lifeline';

/** Entry point of the engine process, and of the thread in it that watches the editor. */
if (isMainThread) {
  void import('./process/serve').then(({ serve }) => serve(__filename));
} else {
  watchParent();
}
