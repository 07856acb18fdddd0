// The Python worker as an object: one request at a time, each answered by one line.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { cacheFolder, pythonWithRequirements } from './environment.mjs';

const here = import.meta.dirname;

export class Reference {
  #child;
  #replies;
  #last = Promise.resolve();
  #complaints = '';

  constructor() {
    this.#child = spawn(pythonWithRequirements(), [path.join(here, 'worker.py')], {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { ...process.env, OMP_NUM_THREADS: '1', PYTHONDONTWRITEBYTECODE: '1' },
    });
    this.#replies = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
    this.#child.stderr.on('data', (text) => (this.#complaints = (this.#complaints + text).slice(-4000)));
  }

  /** Folder with the reference's results of a case; computed unless an earlier run did. */
  async prepare(spec) {
    const folder = path.join(cacheFolder, 'parity-cases', digest(spec));
    if (!existsSync(folder)) await this.#ask({ do: 'prepare', spec, folder });
    return folder;
  }

  /** `{figures}`, or `{difference}` where something has no figure. */
  compare(spec, folder, run) {
    return this.#ask({ do: 'compare', spec, folder, run });
  }

  async close() {
    this.#child.stdin.end();
    if (this.#child.exitCode === null) await once(this.#child, 'exit');
  }

  #ask(request) {
    const answer = this.#last.then(() => this.#exchange(request));
    this.#last = answer.catch(() => undefined);
    return answer;
  }

  async #exchange(request) {
    this.#child.stdin.write(`${JSON.stringify(request)}\n`);
    const { value, done } = await this.#replies.next();
    if (done) throw new Error(`The Python reference ended: ${this.#complaints}`);
    const reply = JSON.parse(value);
    if (reply.error !== undefined) throw new Error(`The Python reference failed:\n${reply.error}`);
    return reply;
  }
}

/** What a case's results depend on: the case, the code that computes them and the packages' versions. */
function digest(spec) {
  const sources = readdirSync(here).filter((file) =>
    ['smallModels.py', 'rows.py', 'referenceTraining.py', 'requirements.txt'].includes(file),
  );
  const hash = createHash('sha256').update(JSON.stringify(spec));
  for (const file of sources.sort()) hash.update(readFileSync(path.join(here, file)));
  return hash.digest('hex').slice(0, 20);
}
