import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';

/** What uploads ask of the hub that they are part of. */
export interface UploadTarget {
  endpoint(): string;
  storeEndpoint(): string;
  /** The files of a repository, or undefined where there is none. */
  filesOf(id: string): ReadonlyMap<string, Buffer> | undefined;
  /** Makes a repository or its next commit; gives the commit. */
  put(id: string, files: ReadonlyMap<string, Buffer>, isPrivate?: boolean): string;
}

/** Who may write, and where: the token's owner. */
const writers: Readonly<Record<string, string>> = { hf_writer: 'someone' };

/**
 * The writing part of the hub's HTTP interface, as `huggingface_hub` uses it: repositories are made, `preupload` tells large
 * files from small ones, large ones go to the store by git-lfs' batch interface in one piece or several, and a commit of lines
 * of JSON makes all appear. A commit that names a large file which never arrived is refused.
 */
export class HubUploads {
  /** Large files in the store, by SHA-256. */
  readonly stored = new Map<string, Buffer>();
  readonly #parts = new Map<string, Map<number, Buffer>>();

  constructor(
    private readonly target: UploadTarget,
    /** Larger files are sent in parts of so many bytes. */
    readonly partBytes: number,
    private readonly isLarge: (name: string) => boolean,
  ) {}

  /** Answers a request of the hub's writing interface; false where it is none. */
  async answer(request: IncomingMessage, response: ServerResponse, url: URL): Promise<boolean> {
    if (request.method !== 'POST') return false;
    const body = await bodyOf(request);
    if (url.pathname === '/api/validate-yaml') {
      send(response, 200, { errors: [], warnings: [] });
      return true;
    }
    // The address with which parts are put together is signed and takes no token.
    if (url.pathname.startsWith('/complete/')) {
      this.#complete(response, url, JSON.parse(body.toString()) as { oid: string; parts: { etag: string }[] });
      return true;
    }
    const owner = writers[/^Bearer (.*)$/.exec(request.headers.authorization ?? '')?.[1] ?? ''];
    if (owner === undefined) {
      refuse(response, 401, 'Invalid credentials in Authorization header');
      return true;
    }
    if (url.pathname === '/api/repos/create') {
      this.#create(response, owner, JSON.parse(body.toString()) as CreateRequest);
      return true;
    }
    const api = /^\/api\/models\/([^/]+\/[^/]+)\/(preupload|commit)\/main$/.exec(url.pathname);
    const lfs = /^\/([^/]+\/[^/]+)\.git\/info\/lfs\/(objects\/batch|verify)$/.exec(url.pathname);
    const id = api?.[1] ?? lfs?.[1];
    if (id === undefined) return false;
    if (!id.startsWith(`${owner}/`)) {
      refuse(response, 403, 'You have no rights to write here');
      return true;
    }
    if (this.target.filesOf(id) === undefined) {
      refuse(response, 404, 'Repository not found');
      return true;
    }
    const work = api?.[2] ?? lfs?.[2];
    if (work === 'preupload') this.#preupload(response, body);
    else if (work === 'commit') this.#commit(response, id, body);
    else if (work === 'verify') this.#verify(response, body);
    else this.#batch(response, id, body);
    return true;
  }

  /** Answers whose token it is; false where something else is asked. */
  whoAmI(request: IncomingMessage, response: ServerResponse, url: URL): boolean {
    if (url.pathname !== '/api/whoami-v2') return false;
    const name = writers[/^Bearer (.*)$/.exec(request.headers.authorization ?? '')?.[1] ?? ''];
    if (name === undefined) refuse(response, 401, 'Invalid credentials in Authorization header');
    else send(response, 200, { type: 'user', name, fullname: name, orgs: [] });
    return true;
  }

  /** Takes bytes that are put into the store; false where the request is another one. */
  async put(request: IncomingMessage, response: ServerResponse, url: URL): Promise<boolean> {
    const [, kind, oid, number] = url.pathname.split('/');
    if (request.method !== 'PUT' || kind !== 'put' || oid === undefined) return false;
    if (request.headers.authorization !== undefined || request.headers['content-length'] === undefined) {
      response.writeHead(400).end('Only signed requests of a known length are taken');
      return true;
    }
    const bytes = await bodyOf(request);
    if (number === undefined) this.stored.set(oid, bytes);
    else this.#parts.set(oid, (this.#parts.get(oid) ?? new Map<number, Buffer>()).set(Number(number), bytes));
    response.writeHead(200, { ETag: `"${createHash('md5').update(bytes).digest('hex')}"` }).end();
    return true;
  }

  #create(response: ServerResponse, owner: string, { name, organization, visibility }: CreateRequest): void {
    const id = `${organization ?? owner}/${name}`;
    if (!id.startsWith(`${owner}/`)) {
      refuse(response, 403, `You don't have the rights to create a model under the namespace "${organization}"`);
      return;
    }
    if (this.target.filesOf(id) !== undefined) {
      const error = 'You already created this model repo';
      response.setHeader('X-Error-Message', error);
      send(response, 409, { error, url: `${this.target.endpoint()}/${id}` });
      return;
    }
    this.target.put(
      id,
      new Map([['.gitattributes', Buffer.from('*.safetensors filter=lfs\n')]]),
      visibility === 'private',
    );
    send(response, 200, { url: `${this.target.endpoint()}/${id}`, name: id, id: '0' });
  }

  #preupload(response: ServerResponse, body: Buffer): void {
    const { files } = JSON.parse(body.toString()) as { files: { path: string }[] };
    const modes = files.map(({ path }) => {
      return { path, uploadMode: this.isLarge(path) ? 'lfs' : 'regular', shouldIgnore: false };
    });
    send(response, 200, { files: modes });
  }

  #batch(response: ServerResponse, id: string, body: Buffer): void {
    const { objects } = JSON.parse(body.toString()) as { objects: { oid: string; size: number }[] };
    const answers = objects.map(({ oid, size }) => {
      if (this.stored.has(oid)) return { oid, size };
      const [endpoint, storeEndpoint] = [this.target.endpoint(), this.target.storeEndpoint()];
      const verify = { href: `${endpoint}/${id}.git/info/lfs/verify` };
      if (size <= this.partBytes)
        return { oid, size, actions: { upload: { href: `${storeEndpoint}/put/${oid}` }, verify } };
      const header: Record<string, string> = { chunk_size: String(this.partBytes) };
      for (let part = 1; part <= Math.ceil(size / this.partBytes); part++) {
        header[String(part).padStart(5, '0')] = `${storeEndpoint}/put/${oid}/${part}`;
      }
      return { oid, size, actions: { upload: { href: `${endpoint}/complete/${oid}`, header }, verify } };
    });
    send(response, 200, { transfer: 'basic', objects: answers });
  }

  #complete(response: ServerResponse, url: URL, { oid, parts }: { oid: string; parts: { etag: string }[] }): void {
    const arrived = this.#parts.get(oid) ?? new Map<number, Buffer>();
    const isWhole =
      url.pathname.endsWith(oid) &&
      parts.length === arrived.size &&
      parts.every(
        ({ etag }, i) =>
          etag ===
          `"${createHash('md5')
            .update(arrived.get(i + 1)!)
            .digest('hex')}"`,
      );
    if (!isWhole) {
      refuse(response, 400, 'Parts are missing');
      return;
    }
    this.stored.set(oid, Buffer.concat(parts.map((_, i) => arrived.get(i + 1)!)));
    send(response, 200, {});
  }

  #verify(response: ServerResponse, body: Buffer): void {
    const { oid, size } = JSON.parse(body.toString()) as { oid: string; size: number };
    const bytes = this.stored.get(oid);
    const isSound = bytes?.length === size && createHash('sha256').update(bytes).digest('hex') === oid;
    if (isSound) send(response, 200, {});
    else refuse(response, 400, 'The object is not what it should be');
  }

  #commit(response: ServerResponse, id: string, body: Buffer): void {
    const lines = body
      .toString()
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as CommitLine);
    const files = new Map(this.target.filesOf(id));
    if (lines[0]?.key !== 'header' || typeof lines[0].value.summary !== 'string') {
      refuse(response, 400, 'The first line must be the header');
      return;
    }
    for (const { key, value } of lines.slice(1)) {
      const bytes = key === 'file' ? Buffer.from(value.content!, 'base64') : this.stored.get(value.oid!);
      if (bytes === undefined) {
        refuse(response, 400, `LFS pointer pointed to a file that does not exist: ${value.path}`);
        return;
      }
      files.set(value.path!, bytes);
    }
    const commitOid = this.target.put(id, files);
    send(response, 200, { success: true, commitOid, commitUrl: `${this.target.endpoint()}/${id}/commit/${commitOid}` });
  }
}

interface CreateRequest {
  readonly name: string;
  readonly organization?: string;
  readonly visibility?: string;
}

interface CommitLine {
  readonly key: string;
  readonly value: {
    readonly summary?: string;
    readonly path?: string;
    readonly content?: string;
    readonly oid?: string;
  };
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const chunk of request) parts.push(chunk as Buffer);
  return Buffer.concat(parts);
}

function send(response: ServerResponse, status: number, value: unknown): void {
  response.writeHead(status, { 'Content-Type': 'application/json; charset=utf-8' }).end(JSON.stringify(value));
}

function refuse(response: ServerResponse, status: number, message: string): void {
  response.setHeader('X-Error-Message', message);
  send(response, status, { error: message });
}
