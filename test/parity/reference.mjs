// The Python worker as an object: one request at a time, each answered by one line.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { cacheFolder, pythonWithRequirements } from './environment.mjs';

const here = import.meta.dirname;

const trainingSources = ['referenceTraining.py', 'requirements.txt', 'rows.py', 'smallModels.py'];
const mergeSources = ['merging.py', 'requirements.txt', 'rows.py', 'smallModels.py'];

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
  prepare(spec) {
    return this.#prepared('prepare', spec, trainingSources);
  }

  /** The same for a case of merges.mjs. */
  prepareMerge(spec) {
    return this.#prepared('prepare-merge', spec, mergeSources);
  }

  /** `{figures}`, or `{difference}` where something has no figure. */
  compare(spec, folder, run) {
    return this.#ask({ do: 'compare', spec, folder, run });
  }

  /** Compares the merged model in `output`. */
  compareMerge(spec, folder, output) {
    return this.#ask({ do: 'compare-merge', spec, folder, run: output });
  }

  async #prepared(request, spec, sources) {
    const folder = path.join(cacheFolder, 'parity-cases', digest(spec, sources));
    if (!existsSync(folder)) await this.#ask({ do: request, spec, folder });
    return folder;
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
function digest(spec, sources) {
  const hash = createHash('sha256').update(JSON.stringify(spec));
  for (const file of sources) hash.update(readFileSync(path.join(here, file)));
  return hash.digest('hex').slice(0, 20);
}
