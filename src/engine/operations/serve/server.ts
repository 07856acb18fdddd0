import { createHash, timingSafeEqual } from 'node:crypto';
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { AdapterServing, ServedAdapter, ServeNews } from '../../../run/serving';
import type { TextModel } from '../textModel';
import { Answers, collect } from './answers';
import { Failure } from '../../../failure/failure';
import { adapterNameTaken } from '../failures';
import { ApiError, asApiError, badRequest } from './apiError';
import { Fields } from './fields';
import type { JsonFields } from './fields';
import { Metrics } from './metrics';
import { readChat, readCompletion, unknownModel } from './requests';
import type { Names, TextOrder } from './requests';
import { ServedAdapters } from './servedAdapters';

export interface ServerOptions {
  readonly model: TextModel;
  /** What the model has before the server listens. */
  readonly attached?: ServedAdapters;
  /** What clients call the base model. */
  readonly baseName: string;
  readonly host: string;
  readonly port: number;
  /** Clients must show it; `undefined`: nobody is asked. */
  readonly apiKey: string | undefined;
  /** Texts that are written at the same time. */
  readonly parallel: number;
  /** Texts that may wait beyond them; further requests are turned away. */
  readonly maxWaiting: number;
  readonly maxBodyBytes: number;
  readonly onNews: (news: ServeNews) => void;
}

type Handler = (request: IncomingMessage, response: ServerResponse) => Promise<void> | void;

/** Milliseconds for what is running when the server is asked to end. */
const grace = 10_000;

/** An HTTP server with OpenAI's interface, on Node's own. */
export class TextServer implements AdapterServing {
  readonly #server: Server;
  readonly #metrics = new Metrics();
  readonly #running = new Set<AbortController>();
  readonly #started = Math.floor(Date.now() / 1000);
  readonly #adapters: ServedAdapters;
  #isEnding = false;

  constructor(private readonly options: ServerOptions) {
    this.#adapters = options.attached ?? new ServedAdapters(options.model);
    this.#server = createServer((request, response) => void this.#answer(request, response));
    // A client that does not send what it announced must not hold a connection for ever.
    this.#server.headersTimeout = 10_000;
    this.#server.requestTimeout = 30_000;
  }

  /** Resolves with the address once it listens. */
  async listen(): Promise<string> {
    const { host, port } = this.options;
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(port, host, resolve);
    });
    const address = this.#server.address() as AddressInfo;
    return `http://${host.includes(':') ? `[${host}]` : host}:${address.port}`;
  }

  /** Takes no further requests, lets running ones end for a while, then stops them. */
  async close(): Promise<void> {
    this.#isEnding = true;
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeIdleConnections();
    const timer = setTimeout(() => {
      for (const running of this.#running) running.abort();
      this.#server.closeAllConnections();
    }, grace);
    await closed;
    clearTimeout(timer);
  }

  async attach({ name, folder }: ServedAdapter): Promise<void> {
    const { baseName, onNews } = this.options;
    if (name === baseName) throw adapterNameTaken(name);
    await this.#adapters.attach(name, folder);
    onNews({ type: 'attached', name, folder });
  }

  detach(name: string): boolean {
    if (!this.#adapters.detach(name)) return false;
    this.options.onNews({ type: 'detached', name });
    return true;
  }

  readonly #routes: Readonly<Record<string, Handler>> = {
    'GET /health': (_, response) => {
      sendJson(response, 200, { status: 'ok' });
    },
    'GET /metrics': (_, response) => {
      const { active, waiting, cacheBytes } = this.options.model.load();
      const gauges = {
        lora_texts_running: active,
        lora_texts_waiting: waiting,
        lora_cache_bytes: cacheBytes,
        process_resident_memory_bytes: process.memoryUsage.rss(),
      };
      response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' });
      response.end(this.#metrics.text(gauges));
    },
    'GET /v1/models': (_, response) => {
      sendJson(response, 200, { object: 'list', data: this.#models() });
    },
    'POST /v1/chat/completions': (request, response) => this.#text(request, response, readChat),
    'POST /v1/completions': (request, response) => this.#text(request, response, readCompletion),
    'POST /v1/load_lora_adapter': (request, response) => this.#attach(request, response),
    'POST /v1/unload_lora_adapter': (request, response) => this.#detach(request, response),
  };

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const began = performance.now();
    const path = (request.url ?? '/').split('?')[0]!;
    const route = `${request.method ?? 'GET'} ${path}`;
    response.once('close', () => {
      const seconds = (performance.now() - began) / 1000;
      const known = route in this.#routes ? path : 'other';
      this.#metrics.count('lora_requests_total', 1, { path: known, status: String(response.statusCode) });
      this.#metrics.observe('lora_request_duration_seconds', seconds);
      this.options.onNews({
        type: 'request',
        method: request.method ?? '',
        path,
        status: response.statusCode,
        seconds,
      });
    });
    // Of a client that has gone; without this the server would end with it.
    response.on('error', () => undefined);
    try {
      this.#admit(request, path);
      const model = /^\/v1\/models\/(.+)$/.exec(path)?.[1];
      if (request.method === 'GET' && model !== undefined) {
        const name = decoded(model);
        const found = this.#models().find(({ id }) => id === name);
        if (found === undefined) throw unknownModel(name);
        sendJson(response, 200, found);
        return;
      }
      const handler = this.#routes[route];
      if (handler === undefined) throw new ApiError(404, `There is nothing at ${route}.`, { code: 'not_found' });
      await handler(request, response);
    } catch (error) {
      this.#fail(response, error);
    }
  }

  /** What must hold before anything is read. */
  #admit({ headers, method }: IncomingMessage, path: string): void {
    const { apiKey, host } = this.options;
    if (this.#isEnding) {
      throw new ApiError(503, 'The server is ending.', { headers: { connection: 'close' } });
    }
    // A page of the internet can make a browser ask a server of this computer: under a name of its own, or without asking.
    if (apiKey === undefined && isLoopback(host) && !isLoopback(hostName(headers.host))) {
      throw new ApiError(403, 'This server answers requests to its own address only.', { code: 'host_not_allowed' });
    }
    if (method === 'POST' && !/^application\/json\b/i.test(headers['content-type'] ?? '')) {
      throw new ApiError(415, 'Send JSON: content-type must be application/json.', { code: 'content_type' });
    }
    if (apiKey === undefined || path === '/health') return;
    const given = /^Bearer (.+)$/i.exec(headers.authorization ?? '')?.[1];
    if (given === undefined || !isSame(given, apiKey)) {
      throw new ApiError(401, 'The API key is missing or wrong: send it as "Authorization: Bearer KEY".', {
        code: 'invalid_api_key',
        headers: { 'www-authenticate': 'Bearer' },
      });
    }
  }

  async #text(
    request: IncomingMessage,
    response: ServerResponse,
    read: (fields: Fields, model: TextModel, names: Names) => TextOrder,
  ): Promise<void> {
    const { model, parallel, maxWaiting } = this.options;
    const order = read(await this.#body(request), model, this.#names);
    await this.#bringUpToDate(order);
    const { active, waiting } = model.load();
    const free = Math.max(0, parallel - active);
    if (waiting + order.requests.length > maxWaiting + free) {
      throw new ApiError(429, 'Too many texts wait already: try again in a moment.', {
        headers: { 'retry-after': '1' },
      });
    }
    const stop = new AbortController();
    this.#running.add(stop);
    // Whoever has gone is not written for.
    response.once('close', () => stop.abort());
    if (response.destroyed) stop.abort();
    try {
      await this.#write(order, response, stop.signal);
    } finally {
      this.#running.delete(stop);
    }
  }

  /** What was trained anew is answered with as it is now; what cannot be read just now, as it was. */
  async #bringUpToDate({ requests }: TextOrder): Promise<void> {
    const { onNews } = this.options;
    for (const name of new Set(requests.flatMap(({ adapters }) => adapters.map((adapter) => adapter.name)))) {
      try {
        const folder = await this.#adapters.bringUpToDate(name);
        if (folder !== undefined) onNews({ type: 'attached', name, folder });
      } catch (error) {
        const why = error instanceof Failure ? error.message : detailsOf(error);
        const message = `The files of ${name} have changed and cannot be used: ${why} It answers as before.`;
        onNews({ type: 'problem', message });
      }
    }
  }

  async #write(order: TextOrder, response: ServerResponse, signal: AbortSignal): Promise<void> {
    const { model } = this.options;
    const began = performance.now();
    let isFirst = true;
    const onFirst = (): void => {
      if (isFirst) this.#metrics.observe('lora_time_to_first_token_seconds', (performance.now() - began) / 1000);
      isFirst = false;
    };
    const answers = new Answers(order, model.tokenizer);
    const texts = await Promise.all(order.requests.map((one) => model.generate({ ...one, signal })));
    const count = (): number => texts.reduce((sum, text) => sum + text.count, 0);
    try {
      if (!order.isStream) {
        const choices = await Promise.all(texts.map((text) => collect(text, onFirst)));
        sendJson(response, 200, answers.whole(choices, count()));
        return;
      }
      const stream = new EventStream(response);
      await Promise.all(
        texts.map(async (text, index) => {
          const opening = answers.opening(index);
          if (opening !== undefined) await stream.send(opening);
          for await (const { text: piece, tokens } of text) {
            onFirst();
            await stream.send(answers.piece(index, piece, tokens));
          }
          await stream.send(answers.closing(index, text.finishReason ?? 'stop'));
        }),
      );
      if (order.includeUsage) await stream.send(answers.counted(count()));
      stream.end();
    } finally {
      this.#metrics.count('lora_prompt_tokens_total', order.promptTokens);
      this.#metrics.count('lora_generated_tokens_total', count());
      for (const text of texts) void text.return();
    }
  }

  async #attach(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const fields = await this.#body(request);
    const [name, folder] = [fields.text('lora_name'), fields.text('lora_path')];
    if (name === undefined || name === '') throw badRequest('lora_name is missing.', 'lora_name');
    if (folder === undefined || folder === '') throw badRequest('lora_path is missing.', 'lora_path');
    if (name === this.options.baseName) throw badRequest('That is the name of the base model.', 'lora_name');
    try {
      await this.attach({ name, folder });
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      const { message, details } = asApiError(error);
      throw new ApiError(400, message, { ...details, param: 'lora_path' });
    }
    sendJson(response, 200, { id: name, object: 'model' });
  }

  async #detach(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const name = (await this.#body(request)).text('lora_name') ?? '';
    if (!this.detach(name)) throw unknownModel(name);
    sendJson(response, 200, { id: name, object: 'model', deleted: true });
  }

  get #names(): Names {
    const { baseName, model } = this.options;
    return { base: baseName, has: (name) => name === baseName || model.adapters.some((one) => one.name === name) };
  }

  #models() {
    const { baseName, model } = this.options;
    const entry = (id: string, more: object = {}) => {
      return { id, object: 'model', created: this.#started, owned_by: 'lora-workbench', ...more };
    };
    return [entry(baseName), ...model.adapters.map(({ name }) => entry(name, { parent: baseName }))];
  }

  async #body(request: IncomingMessage): Promise<Fields> {
    const { maxBodyBytes } = this.options;
    const chunks: Buffer[] = [];
    let size = 0;
    // Ended early, a usual loop would close the connection before anything could be answered.
    for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size <= maxBodyBytes) chunks.push(chunk);
      // Many clients read the answer only when all is sent: something more is taken from them, and kept nowhere.
      if (size > 4 * maxBodyBytes) break;
    }
    if (size > maxBodyBytes) {
      const headers = { connection: 'close' };
      throw new ApiError(413, `A request may have ${maxBodyBytes} bytes at most.`, { code: 'too_large', headers });
    }
    let value: unknown;
    try {
      value = JSON.parse(Buffer.concat(chunks).toString('utf8'));
    } catch {
      throw badRequest('The request is no valid JSON.');
    }
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return new Fields(value as JsonFields);
    throw badRequest('The request must be a JSON object.');
  }

  #fail(response: ServerResponse, error: unknown): void {
    // Of a client that has gone nothing needs to be said.
    if (response.destroyed || response.writableEnded) return;
    const told = asApiError(error);
    if (told.status === 500) this.options.onNews({ type: 'problem', message: detailsOf(error) });
    if (response.headersSent) {
      // A stream has begun: its status cannot be taken back.
      response.end(`data: ${JSON.stringify(told.body)}\n\n`);
      return;
    }
    sendJson(response, told.status, told.body, told.details.headers);
  }
}

/** Server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html). */
class EventStream {
  constructor(private readonly response: ServerResponse) {
    response.writeHead(200, {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-cache',
      connection: 'keep-alive',
    });
  }

  /** Waits where the client reads more slowly than is written. */
  async send(value: unknown): Promise<void> {
    // Another text of the same answer may have failed and ended it.
    if (this.response.destroyed || this.response.writableEnded) return;
    if (this.response.write(`data: ${JSON.stringify(value)}\n\n`)) return;
    await new Promise<void>((resolve) => {
      const done = (): void => {
        this.response.off('drain', done).off('close', done);
        resolve();
      };
      this.response.on('drain', done).on('close', done);
    });
  }

  end(): void {
    this.response.end('data: [DONE]\n\n');
  }
}

function sendJson(
  response: ServerResponse,
  status: number,
  value: unknown,
  headers: Record<string, string> = {},
): void {
  if (response.destroyed) return;
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8', ...headers });
  response.end(JSON.stringify(value));
}

export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host === '[::1]' || /^127(\.\d{1,3}){3}$/.test(host);
}

/** A part of an address; what is no valid one stays as it is. */
function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** Without the port. */
function hostName(host: string | undefined): string {
  return (host ?? '').replace(/:\d+$/, '');
}

/** Compares in a time that tells nothing about how much is right. */
function isSame(a: string, b: string): boolean {
  const [one, other] = [a, b].map((text) => createHash('sha256').update(text).digest());
  return timingSafeEqual(one!, other!);
}

function detailsOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
