import { Failure } from '../../failure/failure';
import {
  hubAnswerInvalid,
  hubForbidden,
  hubModelGated,
  hubModelNotFound,
  hubRevisionNotFound,
  hubTokenRefused,
  hubUnreachable,
} from './failures';
import { isJsonObject } from '../formats/jsonFile';
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

/** A connection that did not hold; asking again may help. */
export class NetworkTrouble extends Error {
  override readonly name = 'NetworkTrouble';
  constructor(
    /** Half a sentence. */
    readonly reason: string,
    cause: unknown,
    /** What the hub asks to wait. */
    readonly waitSeconds = 0,
  ) {
    super(reason, { cause });
  }
}

/** How patient to be, in milliseconds. */
export interface Patience {
  /** Pauses before the second, third … attempt. */
  readonly pauses: readonly number[];
  /** Longest time without a byte. */
  readonly silence: number;
}

export const usualPatience: Patience = { pauses: [1000, 2000, 4000, 8000, 16_000], silence: 60_000 };

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
    // `fetch` itself takes the token off where a redirect leads to another host, such as the store of large files.
    const authorization = token === undefined ? {} : { Authorization: `Bearer ${token}` };
    try {
      const answer = await fetch(`${endpoint}${address}`, {
        headers: { 'User-Agent': 'lora-workbench', ...headers, ...authorization },
        signal: AbortSignal.any([this.signal, silent.signal]),
      });
      if (!answer.ok) await this.#refuse(answer, revision);
      return answer;
    } catch (error) {
      throw this.#trouble(error, silent.signal);
    } finally {
      clearTimeout(timer);
    }
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
        throw this.#trouble(error, silent.signal);
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

  /** What a failed request means. Stopping is no trouble, and a failure says enough. */
  #trouble(error: unknown, silent: AbortSignal): unknown {
    if (this.signal.aborted) return this.signal.reason;
    if (error instanceof Failure || error instanceof NetworkTrouble) return error;
    if (silent.aborted) return new NetworkTrouble(`nothing arrived for ${this.#silence / 1000} s`, error);
    return new NetworkTrouble(reasonOf(error), error);
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
    if (answer.status === 408 || answer.status === 429 || answer.status >= 500) {
      const wait = Number(answer.headers.get('Retry-After') ?? 0);
      const reason = answer.status === 429 ? 'it was asked too often' : `it answers with status ${answer.status}`;
      throw new NetworkTrouble(reason, undefined, Number.isFinite(wait) ? Math.min(wait, 120) : 0);
    }
    throw hubAnswerInvalid(`status ${answer.status}${said === '' ? '' : ` (${said})`}`);
  }
}

/**
 * Does `work` again after a pause as long as the network gives trouble; `progressed` tells whether the last attempt
 * came further, which makes the next one the first again.
 * @throws what `work` throws; `giveUp` of the last trouble
 */
export async function patiently<T>(
  work: () => Promise<T>,
  options: {
    readonly pauses: readonly number[];
    readonly signal: AbortSignal;
    readonly progressed: () => boolean;
    readonly onPause: (reason: string, seconds: number) => void;
    readonly giveUp: (trouble: NetworkTrouble) => Failure;
  },
): Promise<T> {
  const { pauses, signal, progressed, onPause, giveUp } = options;
  for (let attempt = 0; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof NetworkTrouble)) throw error;
      if (progressed()) attempt = 0;
      const pause = pauses[attempt];
      if (pause === undefined) throw giveUp(error);
      const milliseconds = Math.max(pause, 1000 * error.waitSeconds);
      onPause(error.reason, milliseconds / 1000);
      await sleep(milliseconds, signal);
    }
  }
}

/** Resolves after a time. @throws the signal's reason where it is aborted before */
export function sleep(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      clearTimeout(timer);
      reject(signal.reason as Error);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', stop);
      resolve();
    }, milliseconds);
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop, { once: true });
  });
}

export function unreachable(endpoint: string): (trouble: NetworkTrouble) => Failure {
  return (trouble) => hubUnreachable(endpoint, trouble.reason, trouble.cause);
}

const reasons: Readonly<Record<string, string>> = {
  ENOTFOUND: 'its name is not known, so this computer is probably offline',
  EAI_AGAIN: 'its name cannot be looked up, so this computer is probably offline',
  ENETUNREACH: 'there is no network',
  EHOSTUNREACH: 'there is no way to it',
  ECONNREFUSED: 'it refuses the connection',
  ECONNRESET: 'the connection was cut',
  EPIPE: 'the connection was cut',
  ETIMEDOUT: 'it does not answer',
  UND_ERR_SOCKET: 'the connection was cut',
  UND_ERR_CONNECT_TIMEOUT: 'it does not answer',
  UND_ERR_HEADERS_TIMEOUT: 'it does not answer',
  UND_ERR_BODY_TIMEOUT: 'nothing arrives any more',
  SELF_SIGNED_CERT_IN_CHAIN: 'its certificate is not trusted (NODE_EXTRA_CA_CERTS names further authorities)',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'its certificate is not trusted (NODE_EXTRA_CA_CERTS names further authorities)',
};

/** `fetch` says only that it failed; the system's code lies below. */
export function reasonOf(error: unknown): string {
  for (let at: unknown = error; at instanceof Error; at = at.cause) {
    const code = 'code' in at && typeof at.code === 'string' ? at.code : '';
    if (reasons[code] !== undefined) return reasons[code];
    if (at.cause === undefined) return code === '' ? at.message : `${at.message} (${code})`;
  }
  return String(error);
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
