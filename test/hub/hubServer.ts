import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { readFileSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { HubUploads } from './hubUploads';

/** What of a model's files the server holds. */
export interface ServedModel {
  readonly id: string;
  readonly files: ReadonlyMap<string, Buffer>;
  /** Names of branches and tags beside `main`, which all mean the same commit. */
  readonly revisions?: readonly string[];
  /** Only these tokens may see that it exists. */
  readonly privateTo?: readonly string[];
  /** Only these tokens may read its files. */
  readonly gatedTo?: readonly string[];
  /** Bytes that files are said to have, where that is not true. */
  readonly saidSizes?: ReadonlyMap<string, number>;
}

/** What goes wrong with a request whose address holds `at`: only the next one of them. */
export type Fault =
  | { readonly at: string; readonly kind: 'cut'; readonly after: number }
  | { readonly at: string; readonly kind: 'status'; readonly status: number; readonly headers?: Record<string, string> }
  | { readonly at: string; readonly kind: 'other-bytes' | 'ignore-range' }
  /** Sends `after` bytes, tells so, and waits until the promise is kept. */
  | {
      readonly at: string;
      readonly kind: 'hold';
      readonly after: number;
      readonly until: Promise<unknown>;
      readonly onHeld?: () => void;
    };

export interface SeenRequest {
  readonly method: string;
  readonly address: string;
  readonly range: string | undefined;
  readonly authorization: string | undefined;
}

/** Known tokens; any other one is refused as the hub refuses it. */
export const knownTokens = ['hf_reader', 'hf_stranger', 'hf_writer'];

/**
 * A hub on this machine: the part of the Hugging Face hub's HTTP interface that downloads use, as it answers itself.
 * Large files lie with another server, the store, to which the hub redirects and which takes no token, as S3.
 */
export class HubServer {
  readonly requests: SeenRequest[] = [];
  readonly faults: Fault[] = [];
  /** What is uploaded; `hf_writer` may write below `someone/`. */
  readonly uploads: HubUploads = new HubUploads(
    {
      endpoint: () => this.endpoint,
      // Another name of this machine, thus another origin.
      storeEndpoint: () => `http://localhost:${(this.#store.address() as AddressInfo).port}`,
      filesOf: (id) => this.#models.get(id)?.files,
      put: (id, files, isPrivate) => {
        const privateTo = isPrivate === true ? ['hf_writer'] : this.#models.get(id)?.privateTo;
        return this.add({ id, files, ...(privateTo === undefined ? {} : { privateTo }) });
      },
    },
    4000,
    isLarge,
  );
  readonly #models = new Map<string, ServedModel & { readonly commit: string }>();
  readonly #hub: Server;
  readonly #store: Server;

  private constructor() {
    this.#hub = createServer(
      (request, response) => void this.#answer(request, response, (url) => this.#hubAnswer(request, response, url)),
    );
    this.#store = createServer(
      (request, response) => void this.#answer(request, response, (url) => this.#storeAnswer(request, response, url)),
    );
  }

  static async start(): Promise<HubServer> {
    const server = new HubServer();
    for (const each of [server.#hub, server.#store]) {
      await new Promise<void>((resolve) => each.listen(0, '127.0.0.1', resolve));
    }
    return server;
  }

  get endpoint(): string {
    return `http://127.0.0.1:${(this.#hub.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    for (const each of [this.#hub, this.#store]) {
      each.closeAllConnections();
      await new Promise((resolve) => each.close(resolve));
    }
  }

  /** Serves a model; again with other files is its next commit. Gives the commit. */
  add(model: ServedModel): string {
    const hash = createHash('sha1');
    for (const [name, bytes] of model.files) hash.update(name).update(bytes);
    const commit = hash.digest('hex');
    this.#models.set(model.id, { ...model, commit });
    return commit;
  }

  /** The files of a model as they are now. */
  filesAt(id: string): ReadonlyMap<string, Buffer> | undefined {
    return this.#models.get(id)?.files;
  }

  /** Requests for the bytes of a file. */
  readsOf(name: string): readonly SeenRequest[] {
    return this.requests.filter(({ method, address }) => method === 'GET' && address.endsWith(`/${name}`));
  }

  async #answer(request: IncomingMessage, response: ServerResponse, work: (url: URL) => Promise<void>): Promise<void> {
    const { method = '', url = '', headers } = request;
    const { range, authorization } = headers;
    this.requests.push({ method, address: url.split('?')[0]!, range, authorization });
    const fault = this.#take(url, 'status');
    if (fault?.kind === 'status') {
      end(response.writeHead(fault.status, fault.headers));
      return;
    }
    if (this.uploads.whoAmI(request, response, new URL(url, this.endpoint))) return;
    if (await this.uploads.answer(request, response, new URL(url, this.endpoint))) return;
    if (await this.uploads.put(request, response, new URL(url, this.endpoint))) return;
    await work(new URL(url, this.endpoint));
  }

  #take(url: string, ...kinds: readonly Fault['kind'][]): Fault | undefined {
    const at = this.faults.findIndex((fault) => url.includes(fault.at) && kinds.includes(fault.kind));
    return at < 0 ? undefined : this.faults.splice(at, 1)[0];
  }

  async #hubAnswer(request: IncomingMessage, response: ServerResponse, url: URL): Promise<void> {
    const api = /^\/api\/models\/([^/]+(?:\/[^/]+)?)\/(revision|tree)\/([^/]+)$/.exec(url.pathname);
    const resolve = /^\/([^/]+(?:\/[^/]+)?)\/resolve\/([^/]+)\/(.+)$/.exec(url.pathname);
    const id = decodeURIComponent(api?.[1] ?? resolve?.[1] ?? '');
    const revision = decodeURIComponent(api?.[3] ?? resolve?.[2] ?? '');
    const model = this.#permitted(request, response, id);
    if (model === undefined) return;
    if (![model.commit, 'main', ...(model.revisions ?? [])].includes(revision)) {
      refuse(response, 404, 'RevisionNotFound', `Invalid rev id: ${revision}`);
      return;
    }
    if (api?.[2] === 'revision') {
      json(response, describe(model, url.searchParams.has('blobs')));
      return;
    }
    if (api?.[2] === 'tree') {
      json(response, tree(model));
      return;
    }
    await this.#resolve(request, response, model, decodeURIComponent(resolve![3]!));
  }

  /** The model, where the token may know of it; otherwise the request is answered. */
  #permitted(
    request: IncomingMessage,
    response: ServerResponse,
    id: string,
  ): (ServedModel & { commit: string }) | undefined {
    const token = tokenOf(request);
    if (token !== undefined && !knownTokens.includes(token)) {
      refuse(response, 401, '', 'Invalid credentials in Authorization header');
      return undefined;
    }
    const model = this.#models.get(id);
    const isHidden = model?.privateTo?.includes(token ?? '') === false;
    if (model !== undefined && !isHidden) return model;
    // To those without a token the hub does not say whether there is such a model.
    if (token === undefined) {
      refuse(response, 401, 'RepoNotFound', 'Repository not found');
      return undefined;
    }
    refuse(response, 404, 'RepoNotFound', 'Repository not found');
    return undefined;
  }

  async #resolve(
    request: IncomingMessage,
    response: ServerResponse,
    model: ServedModel & { commit: string },
    name: string,
  ): Promise<void> {
    const token = tokenOf(request);
    if (model.gatedTo?.includes(token ?? '') === false) {
      const message = `Access to model ${model.id} is restricted`;
      refuse(response, token === undefined ? 401 : 403, 'GatedRepo', message);
      return;
    }
    const bytes = model.files.get(name);
    if (bytes === undefined) {
      refuse(response, 404, 'EntryNotFound', 'Entry not found');
      return;
    }
    response.setHeader('X-Repo-Commit', model.commit);
    response.setHeader('Accept-Ranges', 'bytes');
    if (!isLarge(name)) {
      response.setHeader('ETag', `"${gitSha1(bytes)}"`);
      return this.#send(request, response, bytes, name);
    }
    response.setHeader('X-Linked-Size', bytes.length);
    response.setHeader('X-Linked-Etag', `"${sha256(bytes)}"`);
    const { port } = this.#store.address() as AddressInfo;
    // Another name of this machine, thus another origin.
    response.writeHead(302, { Location: `http://localhost:${port}/repos/${sha256(bytes)}/${name}?signature=1` }).end();
  }

  async #storeAnswer(request: IncomingMessage, response: ServerResponse, url: URL): Promise<void> {
    const [, , sha, name] = url.pathname.split('/');
    if (request.headers.authorization !== undefined) {
      end(response.writeHead(400), 'Only one auth mechanism allowed');
      return;
    }
    for (const { files } of this.#models.values()) {
      const bytes = files.get(name!);
      if (bytes === undefined || sha256(bytes) !== sha) continue;
      response.setHeader('ETag', `"${createHash('md5').update(bytes).digest('hex')}"`);
      return this.#send(request, response, bytes, name!);
    }
    response.writeHead(403).end();
  }

  async #send(request: IncomingMessage, response: ServerResponse, whole: Buffer, name: string): Promise<void> {
    const bytes = this.#take(name, 'other-bytes') === undefined ? whole : Buffer.from(whole.map((byte) => byte ^ 1));
    const asked = this.#take(name, 'ignore-range') === undefined ? request.headers.range : undefined;
    const from = Number(/^bytes=(\d+)-$/.exec(asked ?? '')?.[1] ?? 0);
    if (from >= bytes.length && from > 0) {
      end(response.writeHead(416));
      return;
    }
    const part = bytes.subarray(from);
    response.setHeader('Content-Length', part.length);
    if (asked !== undefined) response.setHeader('Content-Range', `bytes ${from}-${bytes.length - 1}/${bytes.length}`);
    response.writeHead(asked === undefined ? 200 : 206);
    if (request.method === 'HEAD') {
      end(response);
      return;
    }
    const fault = this.#take(name, 'cut', 'hold');
    if (fault?.kind !== 'cut' && fault?.kind !== 'hold') {
      end(response, part);
      return;
    }
    await new Promise((resolve) => response.write(part.subarray(0, fault.after), resolve));
    if (fault.kind === 'cut') {
      response.destroy();
      return;
    }
    fault.onHeld?.();
    await fault.until;
    response.end(part.subarray(fault.after));
  }
}

/** The files of a model folder. */
export function filesOf(folder: string): Map<string, Buffer> {
  const names = readdirSync(folder).filter((name) => statSync(path.join(folder, name)).isFile());
  return new Map(names.map((name) => [name, readFileSync(path.join(folder, name))]));
}

export function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

export function gitSha1(bytes: Buffer): string {
  return createHash('sha1').update(`blob ${bytes.length}\0`).update(bytes).digest('hex');
}

function isLarge(name: string): boolean {
  return /\.(safetensors|bin|gguf|h5)$/.test(name);
}

function tokenOf({ headers }: IncomingMessage): string | undefined {
  return /^Bearer (.*)$/.exec(headers.authorization ?? '')?.[1];
}

function describe(model: ServedModel & { readonly commit: string }, withBlobs: boolean): unknown {
  const siblings = [...model.files].map(([rfilename, bytes]) => ({
    rfilename,
    ...(withBlobs ? metadata(rfilename, bytes, model.saidSizes?.get(rfilename) ?? bytes.length) : {}),
  }));
  const gated = model.gatedTo === undefined ? false : 'manual';
  return {
    _id: '0',
    id: model.id,
    modelId: model.id,
    private: model.privateTo !== undefined,
    gated,
    sha: model.commit,
    siblings,
  };
}

function tree(model: ServedModel): unknown {
  return [...model.files].map(([name, bytes]) => {
    const { lfs: large } = lfs(name, bytes, bytes.length);
    const entry = { type: 'file', oid: blobId(name, bytes), size: bytes.length, path: name };
    if (large === undefined) return entry;
    return { ...entry, lfs: { oid: large.sha256, size: large.size, pointerSize: large.pointerSize } };
  });
}

/** Of a large file git knows only a short text that points to it. */
function blobId(name: string, bytes: Buffer): string {
  return isLarge(name) ? gitSha1(Buffer.from(pointer(bytes))) : gitSha1(bytes);
}

function metadata(name: string, bytes: Buffer, size: number): object {
  return { size, blobId: blobId(name, bytes), ...lfs(name, bytes, size) };
}

function lfs(
  name: string,
  bytes: Buffer,
  size: number,
): { lfs?: { sha256: string; size: number; pointerSize: number } } {
  return isLarge(name) ? { lfs: { sha256: sha256(bytes), size, pointerSize: pointer(bytes).length } } : {};
}

function pointer(bytes: Buffer): string {
  return `version https://git-lfs.github.com/spec/v1\noid sha256:${sha256(bytes)}\nsize ${bytes.length}\n`;
}

/** Ends an answer; gives nothing, for `return`. */
function end(response: ServerResponse, content?: Buffer | string): undefined {
  response.end(content);
}

function json(response: ServerResponse, value: unknown): undefined {
  response.writeHead(200, { 'Content-Type': 'application/json; charset=utf-8' }).end(JSON.stringify(value));
}

function refuse(response: ServerResponse, status: number, code: string, message: string): undefined {
  response.setHeader('X-Error-Message', message);
  if (code !== '') response.setHeader('X-Error-Code', code);
  response
    .writeHead(status, { 'Content-Type': 'application/json; charset=utf-8' })
    .end(JSON.stringify({ error: message }));
}
