import { isJsonObject } from '../formats/jsonFile';
import type { JsonObject } from '../formats/jsonFile';
import { hubAnswerInvalid, hubTokenRefused, publishRefused, publishRejected } from './failures';
import { authorization, refuseBusy, request } from './request';
import type { HubRequest } from './request';
import type { HubSettings } from './settings';

/** A file to be published, whole in memory: adapters are small. */
export interface FileToPublish {
  readonly name: string;
  readonly bytes: Buffer;
  /** Hexadecimal, of the bytes. */
  readonly sha256: string;
}

const lfsType = 'application/vnd.git-lfs+json';
/** Milliseconds without an answer after which a request counts as lost; each is one file or one part of a file. */
const silence = 600_000;

/**
 * The hub's interface for writing, as `huggingface_hub` uses it: repositories are made by `/api/repos/create`, `preupload` says
 * which files are large, these go to a store by git-lfs' batch interface, and one `commit` of lines of JSON makes all of them
 * appear at once. Each request is one attempt.
 */
export class HubWriter {
  constructor(
    private readonly settings: HubSettings,
    private readonly repo: string,
    private readonly signal: AbortSignal,
  ) {}

  /** Whether it was made now; false where it is there already. @throws Failure, NetworkTrouble */
  async create(isPrivate: boolean): Promise<boolean> {
    const [organization, name] = this.repo.split('/');
    const body = { name, organization, type: 'model', ...(isPrivate ? { visibility: 'private' } : {}) };
    const answer = await this.#post('/api/repos/create', JSON.stringify(body), 'application/json');
    if (answer.status === 409) return false;
    await this.#check(answer);
    return true;
  }

  /** The names of the files that belong into the store of large ones. @throws Failure, NetworkTrouble */
  async largeOnes(files: readonly FileToPublish[]): Promise<ReadonlySet<string>> {
    const asked = files.map(({ name, bytes }) => ({
      path: name,
      size: bytes.length,
      sample: bytes.subarray(0, 512).toString('base64'),
    }));
    const answer = await this.#json(`/api/models/${this.repo}/preupload/main`, { files: asked });
    const modes = answer['files'];
    if (!Array.isArray(modes)) throw hubAnswerInvalid('it does not say how files are uploaded');
    const large = modes.filter(isJsonObject).filter((mode) => mode['uploadMode'] === 'lfs');
    return new Set(large.map((mode) => String(mode['path'])));
  }

  /** Puts a large file into the store, unless it is there already. @throws Failure, NetworkTrouble */
  async store(file: FileToPublish): Promise<void> {
    const { sha256: oid, bytes } = file;
    const asked = {
      operation: 'upload',
      transfers: ['basic', 'multipart'],
      objects: [{ oid, size: bytes.length }],
      hash_algo: 'sha256',
      ref: { name: 'main' },
    };
    const answer = await this.#json(`/${this.repo}.git/info/lfs/objects/batch`, asked, lfsType);
    const object = (Array.isArray(answer['objects']) ? answer['objects'] : []).find(isJsonObject);
    if (object === undefined) throw hubAnswerInvalid('it does not say where a large file belongs');
    if (isJsonObject(object['error'])) throw publishRejected(this.repo, String(object['error']['message']));
    const actions = object['actions'];
    if (!isJsonObject(actions)) return;
    const [upload, verify] = [actionOf(actions['upload']), actionOf(actions['verify'])];
    if (upload !== undefined) await this.#upload(file, upload);
    if (verify === undefined) return;
    const own = new URL(verify.href).origin === new URL(this.settings.endpoint).origin;
    const headers = { ...verify.header, ...(own ? authorization(this.settings.token) : {}), 'Content-Type': lfsType };
    const body = JSON.stringify({ oid, size: bytes.length });
    await this.#check(await this.#fetch(verify.href, { method: 'POST', body, headers }));
  }

  /** One commit with all files; gives its id. @throws Failure, NetworkTrouble */
  async commit(summary: string, files: readonly FileToPublish[], large: ReadonlySet<string>): Promise<string> {
    const lines = [
      { key: 'header', value: { summary, description: '' } },
      ...files.map(({ name, bytes, sha256: oid }) =>
        large.has(name)
          ? { key: 'lfsFile', value: { path: name, algo: 'sha256', oid, size: bytes.length } }
          : { key: 'file', value: { path: name, encoding: 'base64', content: bytes.toString('base64') } },
      ),
    ];
    const body = `${lines.map((line) => JSON.stringify(line)).join('\n')}\n`;
    const address = `/api/models/${this.repo}/commit/main`;
    const answer = await this.#check(await this.#post(address, body, 'application/x-ndjson'));
    const oid = (await readObject(answer))['commitOid'];
    if (typeof oid !== 'string' || !/^[0-9a-f]{40}$/.test(oid)) throw hubAnswerInvalid('it names no commit');
    return oid;
  }

  /** In one piece, or in those of a size that the hub wants, whose ETags it is told afterwards. */
  async #upload({ bytes, sha256: oid }: FileToPublish, { href, header }: Action): Promise<void> {
    const size = Number(header['chunk_size']);
    if (header['chunk_size'] === undefined) {
      await this.#check(await this.#fetch(href, { method: 'PUT', body: new Uint8Array(bytes), headers: header }));
      return;
    }
    const numbers = Object.keys(header).filter((key) => /^\d+$/.test(key));
    const addresses = numbers.sort((one, other) => Number(one) - Number(other)).map((key) => header[key]!);
    if (!(size > 0) || addresses.length !== Math.ceil(bytes.length / size)) {
      throw hubAnswerInvalid('the parts of a large file do not add up');
    }
    const parts = [];
    for (const [i, address] of addresses.entries()) {
      const body = new Uint8Array(bytes.subarray(i * size, (i + 1) * size));
      const answer = await this.#check(await this.#fetch(address, { method: 'PUT', body, headers: {} }));
      const etag = answer.headers.get('ETag');
      if (etag === null) throw hubAnswerInvalid('a part of a large file got no ETag');
      parts.push({ partNumber: i + 1, etag });
    }
    const headers = { 'Content-Type': lfsType, Accept: lfsType };
    await this.#check(await this.#fetch(href, { method: 'POST', body: JSON.stringify({ oid, parts }), headers }));
  }

  async #json(address: string, body: unknown, type = 'application/json'): Promise<JsonObject> {
    return readObject(await this.#check(await this.#post(address, JSON.stringify(body), type)));
  }

  #post(address: string, body: string, type: string): Promise<Response> {
    const headers = {
      ...authorization(this.settings.token),
      'Content-Type': type,
      Accept: type === lfsType ? type : '*/*',
    };
    return this.#fetch(this.settings.endpoint + address, { method: 'POST', body, headers });
  }

  #fetch(address: string, init: HubRequest): Promise<Response> {
    return request(address, init, { signal: this.signal, silent: AbortSignal.timeout(silence), silence });
  }

  /** @throws what an answer that is no success means */
  async #check(answer: Response): Promise<Response> {
    if (answer.ok) return answer;
    const { status, headers } = answer;
    const said = (headers.get('X-Error-Message') ?? errorIn(await answer.text().catch(() => ''))).replace(/\.$/, '');
    refuseBusy(answer);
    if (status === 401) throw hubTokenRefused(this.settings.endpoint);
    if (status === 403 || status === 404) throw publishRefused(this.repo, said === '' ? 'access is forbidden' : said);
    throw publishRejected(this.repo, said === '' ? `status ${status}` : said);
  }
}

interface Action {
  readonly href: string;
  readonly header: Record<string, string>;
}

function actionOf(value: unknown): Action | undefined {
  if (!isJsonObject(value)) return undefined;
  if (typeof value['href'] !== 'string') throw hubAnswerInvalid('it does not say where a large file belongs');
  const header = isJsonObject(value['header']) ? value['header'] : {};
  return {
    href: value['href'],
    header: Object.fromEntries(Object.entries(header).map(([key, entry]) => [key, String(entry)])),
  };
}

async function readObject(answer: Response): Promise<JsonObject> {
  const value: unknown = await answer.json().catch(() => undefined);
  if (!isJsonObject(value)) throw hubAnswerInvalid('what should be JSON is none');
  return value;
}

/** What the body of a refusal says, on one line. */
function errorIn(text: string): string {
  try {
    const value: unknown = JSON.parse(text);
    const error = isJsonObject(value) ? value['error'] : undefined;
    if (typeof error === 'string') return error.replace(/\s+/g, ' ').trim();
  } catch {
    // Not JSON: stores answer in XML.
  }
  return '';
}
