import type { AdapterBase } from '../../run/adapterBases';
import type { ServedAdapter, ServeNews } from '../../run/serving';
import type { EngineClient } from '../engine/engineClient';
import { Signal, type Disposable } from '../signal';
import { asksForText, newsLine, type ServerFacts } from './servingText';

export interface ServerOptions {
  /** Runs the server, and is disposed of with it. */
  readonly engine: EngineClient;
  readonly base: ServedBase;
  /** One at least. */
  readonly adapters: readonly ServedAdapter[];
  /** 0: any that is free. */
  readonly port: number;
  readonly log: (line: string) => void;
}

export interface ServedBase extends Pick<AdapterBase, 'path' | 'name'> {
  readonly hasChatTemplate: boolean;
  /** The user named it, because the adapter's own was not found. */
  readonly isChosen: boolean;
}

/** A server of adapters in an engine process: what it serves, what it was asked, how it ended. */
export class AdapterServer {
  readonly base: ServedBase;
  /** Resolves once nothing listens any more: with an error where nobody asked for that. */
  readonly ended: Promise<unknown>;
  readonly #engine: EngineClient;
  readonly #stop = new AbortController();
  readonly #changed = new Signal<[]>();
  readonly #log: (line: string) => void;
  #adapters: readonly ServedAdapter[] = [];
  #url = '';
  #requests = 0;

  private constructor({ engine, base, adapters, port, log }: ServerOptions, onListening: () => void) {
    this.#engine = engine;
    this.base = base;
    this.#log = log;
    const serving = engine.texts.serve(
      {
        ...{ baseModel: base.path, baseName: base.name, adapters, host: '127.0.0.1', port, apiKey: undefined },
        ...{ parallel: 8, maxWaiting: 256, maxLength: undefined },
      },
      (news) => this.#tell(news, adapters, onListening),
      this.#stop.signal,
    );
    this.ended = serving.then(
      () => undefined,
      (error: unknown) => (this.#stop.signal.aborted ? undefined : error),
    );
  }

  /**
   * Starts a server; it listens once this resolves. The signal gives it up.
   * @throws Failure, EngineCrash; undefined where it was given up
   */
  static async start(options: ServerOptions, signal: AbortSignal): Promise<AdapterServer | undefined> {
    let listens = (): void => undefined;
    const listening = new Promise<'listening'>((resolve) => (listens = () => resolve('listening')));
    const server = new AdapterServer(options, listens);
    const abort = (): void => void server.stop();
    signal.addEventListener('abort', abort, { once: true });
    if (signal.aborted) abort();
    try {
      const first = await Promise.race([listening, server.ended.then((error) => ({ error }))]);
      if (first === 'listening' && !server.#stop.signal.aborted) return server;
      if (server.#stop.signal.aborted) return undefined;
      throw (first as { readonly error: unknown }).error;
    } finally {
      signal.removeEventListener('abort', abort);
    }
  }

  get facts(): ServerFacts {
    const { name, hasChatTemplate } = this.base;
    const [url, adapters, requests] = [this.#url, this.#adapters, this.#requests];
    return { url, baseName: name, canChat: hasChatTemplate, adapters, requests };
  }

  /** The process that serves, which answers questions about other adapters, too. */
  get engine(): EngineClient {
    return this.#engine;
  }

  /** Adapters came or went, or something was asked. */
  onDidChange(listener: () => void): Disposable {
    return this.#changed.listen(listener);
  }

  /** @throws Failure where the adapter cannot be served beside the others */
  add(adapter: ServedAdapter): Promise<void> {
    return this.#engine.texts.attachServed(adapter);
  }

  /** What is being written with it is finished. */
  async remove(name: string): Promise<void> {
    await this.#engine.texts.detachServed(name);
  }

  /** Lets what is being written end for a moment, then ends the process. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#engine.dispose();
  }

  #tell(news: ServeNews, adapters: readonly ServedAdapter[], onListening: () => void): void {
    const line = newsLine(news);
    if (line !== undefined) this.#log(line);
    if (news.type === 'listening') {
      [this.#url, this.#adapters] = [news.url, adapters];
      onListening();
    }
    // Programs can add and remove adapters, too.
    if (news.type === 'attached') {
      const { name, folder } = news;
      this.#adapters = [...this.#adapters.filter((each) => each.name !== name), { name, folder }];
    }
    if (news.type === 'detached') this.#adapters = this.#adapters.filter(({ name }) => name !== news.name);
    if (asksForText(news)) this.#requests++;
    this.#changed.emit();
  }
}
