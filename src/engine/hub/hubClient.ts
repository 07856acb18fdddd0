import {
  hubAnswerInvalid,
  hubForbidden,
  hubModelGated,
  hubModelNotFound,
  hubRevisionNotFound,
  hubTokenRefused,
} from './failures';
import { isJsonObject } from '../formats/jsonFile';
import { authorization, refuseBusy, request, troubleOf } from './request';
import type { Ends, Patience } from './request';
import type { HubSettings } from './settings';

/*
 * Why not the npm package `@huggingface/hub` (2.17): its `snapshotDownload` writes the ref before the files, starts a
 * broken file from its beginning, checks no hash and lets two processes write into one `.incomplete` file; with its
 * dependencies it is 12 MB for the two requests that are needed here.
 */

/** A file of a model on the hub. */
export interface RemoteFile {
  readonly name: string;
  readonly size: number;
  /** Its name in the cache: sha256 of a file in large-file storage, else the id that git gives to its content. */
  readonly oid: string;
  readonly algorithm: 'sha256' | 'git-sha1';
}

/** A model at one commit. */
export interface RemoteModel {
  readonly commit: string;
  /** Whether only some people see it. */
  readonly isPrivate: boolean;
  /** Files of its uppermost folder. */
  readonly files: readonly RemoteFile[];
}

/** The two questions to the hub: what a model consists of, and the bytes of a file from some place on. */
export class HubClient {
  readonly #silence: number;

  constructor(
    readonly settings: HubSettings,
    private readonly id: string,
    private readonly signal: AbortSignal,
    patience: Patience,
  ) {
    this.#silence = patience.silence;
  }

  /** @throws Failure `hub-…`, NetworkTrouble */
  async model(revision: string): Promise<RemoteModel> {
    const address = `/api/models/${this.id}/revision/${encodeURIComponent(revision)}?blobs=true`;
    const answer = await this.#ask(address, {}, revision);
    const text = await this.#reading(answer, async (chunks) => {
      const parts: Uint8Array[] = [];
      for await (const chunk of chunks) parts.push(chunk);
      return Buffer.concat(parts).toString('utf8');
    });
    return readModelInfo(text);
  }

  /**
   * Bytes of a file from `from` on; from its beginning where the hub does not heed the wish, which `start` tells.
   * @throws Failure `hub-…`, NetworkTrouble
   */
  async read<T>(
    { name }: RemoteFile,
    commit: string,
    from: number,
    take: (start: number, chunks: AsyncIterable<Uint8Array>) => Promise<T>,
  ): Promise<T> {
    const address = `/${this.id}/resolve/${commit}/${encodeURIComponent(name)}`;
    // Compressed, the bytes could not be counted.
    const headers: Record<string, string> = { 'Accept-Encoding': 'identity' };
    if (from > 0) headers['Range'] = `bytes=${from}-`;
    const answer = await this.#ask(address, headers, commit);
    return this.#reading(answer, (chunks) => take(startOf(answer, from), chunks));
  }

  async #ask(address: string, headers: Record<string, string>, revision: string): Promise<Response> {
    const { endpoint, token } = this.settings;
    const silent = new AbortController();
    const timer = setTimeout(() => silent.abort(), this.#silence);
    try {
      // `fetch` itself takes the token off where a redirect leads to another host, such as the store of large files.
      const init = { headers: { ...headers, ...authorization(token) } };
      const answer = await request(`${endpoint}${address}`, init, this.#ends(silent.signal));
      if (!answer.ok) await this.#refuse(answer, revision);
      return answer;
    } finally {
      clearTimeout(timer);
    }
  }

  #ends(silent: AbortSignal): Ends {
    return { signal: this.signal, silent, silence: this.#silence };
  }

  /** Hands the body on, and notices when nothing arrives any more. */
  async #reading<T>(answer: Response, take: (chunks: AsyncIterable<Uint8Array>) => Promise<T>): Promise<T> {
    const reader = (answer.body as ReadableStream<Uint8Array>).getReader();
    const silent = new AbortController();
    const arrive = async (): Promise<Uint8Array | undefined> => {
      const timer = setTimeout(() => {
        silent.abort();
        void reader.cancel().catch(() => undefined);
      }, this.#silence);
      try {
        const { value } = await reader.read();
        if (silent.signal.aborted) throw new Error('silence');
        return value;
      } catch (error) {
        throw troubleOf(error, this.#ends(silent.signal));
      } finally {
        clearTimeout(timer);
      }
    };
    async function* chunks(): AsyncIterable<Uint8Array> {
      for (let chunk = await arrive(); chunk !== undefined; chunk = await arrive()) yield chunk;
    }
    try {
      return await take(chunks());
    } finally {
      await reader.cancel().catch(() => undefined);
    }
  }

  /** @throws what an answer that is no success means */
  async #refuse(answer: Response, revision: string): Promise<never> {
    await answer.body?.cancel();
    const { endpoint, token } = this.settings;
    const hasToken = token !== undefined;
    const code = answer.headers.get('X-Error-Code');
    const said = answer.headers.get('X-Error-Message') ?? '';
    if (code === 'GatedRepo') throw hubModelGated(this.id, endpoint, hasToken);
    if (code === 'RevisionNotFound') throw hubRevisionNotFound(this.id, revision);
    if (answer.status === 401 && /invalid (credentials|username)/i.test(said)) throw hubTokenRefused(endpoint);
    // Without a token the hub does not tell a missing model from a private one.
    if (code === 'RepoNotFound' || answer.status === 401) throw hubModelNotFound(this.id, hasToken);
    if (answer.status === 403)
      throw hubForbidden(this.id, said === '' ? 'access is forbidden' : said.replace(/\.$/, ''));
    refuseBusy(answer);
    throw hubAnswerInvalid(`status ${answer.status}${said === '' ? '' : ` (${said})`}`);
  }
}

/** Where the bytes of an answer begin. @throws Failure where it begins elsewhere than asked */
function startOf(answer: Response, from: number): number {
  if (answer.status !== 206) return 0;
  const start = Number(/^bytes (\d+)-/.exec(answer.headers.get('Content-Range') ?? '')?.[1]);
  if (start !== from) throw hubAnswerInvalid(`bytes from ${start} on instead of ${from}`);
  return start;
}

/** @throws Failure `hub-answer-invalid` */
function readModelInfo(text: string): RemoteModel {
  let info: unknown;
  try {
    info = JSON.parse(text);
  } catch {
    throw hubAnswerInvalid('what should be JSON is none');
  }
  const commit = isJsonObject(info) ? info['sha'] : undefined;
  const siblings = isJsonObject(info) ? info['siblings'] : undefined;
  // What the hub says becomes names of files here.
  if (typeof commit !== 'string' || !/^[0-9a-f]{40}$/.test(commit)) throw hubAnswerInvalid('it names no commit');
  if (!Array.isArray(siblings)) throw hubAnswerInvalid('it lists no files');
  const isPrivate = isJsonObject(info) && info['private'] === true;
  return { commit, isPrivate, files: siblings.flatMap(readSibling) };
}

function readSibling(sibling: unknown): readonly RemoteFile[] {
  if (!isJsonObject(sibling)) return [];
  const { rfilename: name, size, blobId, lfs } = sibling;
  if (typeof name !== 'string' || !/^[\w][\w.-]*$/.test(name)) return [];
  if (isJsonObject(lfs) && typeof lfs['sha256'] === 'string' && /^[0-9a-f]{64}$/.test(lfs['sha256'])) {
    const bytes = typeof lfs['size'] === 'number' ? lfs['size'] : size;
    if (typeof bytes === 'number') return [{ name, size: bytes, oid: lfs['sha256'], algorithm: 'sha256' }];
  }
  if (typeof blobId !== 'string' || !/^[0-9a-f]{40}$/.test(blobId) || typeof size !== 'number') return [];
  return [{ name, size, oid: blobId, algorithm: 'git-sha1' }];
}
