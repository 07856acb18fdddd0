import { build } from 'esbuild';
import { rmSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** A Hugging Face hub on this machine, the one of the other tests. Without it a story would ask the real one. */
export async function startHub() {
  const outfile = path.join(root, '.tsbuild', `hub-${process.pid}.mjs`);
  const entryPoints = [path.join(root, 'test', 'hub', 'hubServer.ts')];
  await build({ entryPoints, outfile, bundle: true, platform: 'node', format: 'esm', logLevel: 'warning' });
  const { HubServer, filesOf } = await import(pathToFileURL(outfile).href);
  rmSync(outfile);
  const server = await HubServer.start();
  return {
    endpoint: server.endpoint,
    /** Files of the bundled model. */
    numbers: filesOf(path.join(root, 'examples', 'numbers', 'model')),
    /** Files of a repository as they are now; undefined where there is none. */
    filesAt: (id) => server.filesAt(id),
    add: (model) => server.add(model),
    /** Lets the next transfer of a file stand still after so many bytes. */
    hold(name, after) {
      const held = new Promise((resolve) => {
        server.faults.push({ at: name, kind: 'hold', after, until: new Promise(() => undefined), onHeld: resolve });
      });
      return { held };
    },
    close: () => server.close(),
  };
}
