import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TestContext } from 'node:test';
import type { JsonObject } from '../../../src/engine/formats/jsonFile';
import { downloadModel } from '../../../src/engine/hub/downloadModel';
import { readModel } from '../../../src/engine/models/families';
import type { DownloadedModel, DownloadNews, DownloadOutcome } from '../../../src/run/download';
import { filesOf, HubServer } from '../../hub/hubServer';

export const id = 'someone/numbers';
export const weights = 'model.safetensors';
/** The bundled model: a real one, and small. */
export const numbers = filesOf('examples/numbers/model');

/** The files of the bundled model with others added or, with undefined, taken away. */
export function numbersWith(others: Readonly<Record<string, Buffer | string | undefined>>): Map<string, Buffer> {
  const files = new Map(numbers);
  for (const [name, content] of Object.entries(others)) {
    if (content === undefined) files.delete(name);
    else files.set(name, Buffer.from(content));
  }
  return files;
}

export interface Ask {
  readonly id?: string;
  readonly revision?: string;
  readonly token?: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
  readonly onNews?: (news: DownloadNews) => void;
}

/** A hub with the bundled model, an empty cache, and a client without long pauses. */
export class Serving {
  readonly news: DownloadNews[] = [];

  readonly environment: Readonly<Record<string, string>>;

  private constructor(
    readonly server: HubServer,
    /** Where Hugging Face's tools keep their things. */
    readonly home: string,
  ) {
    this.environment = { HF_ENDPOINT: server.endpoint, HF_HOME: home };
  }

  static async start(t: TestContext): Promise<Serving> {
    const server = await HubServer.start();
    const home = await mkdtemp(path.join(tmpdir(), 'lora-hub-'));
    t.after(async () => {
      await server.close();
      await rm(home, { recursive: true, force: true });
    });
    server.add({ id, files: numbers });
    return new Serving(server, home);
  }

  get cache(): string {
    return path.join(this.home, 'hub');
  }

  ask(ask: Ask = {}): Promise<DownloadOutcome> {
    return downloadModel(
      { id: ask.id ?? id, revision: ask.revision ?? null, token: ask.token ?? null },
      {
        signal: ask.signal ?? new AbortController().signal,
        environment: { ...this.environment, ...ask.environment },
        patience: { pauses: [1, 1, 1], silence: 5000 },
        onConfig: (config: JsonObject) => void readModel(config),
        onNews: (news) => {
          this.news.push(news);
          ask.onNews?.(news);
        },
      },
    );
  }

  async download(ask: Ask = {}): Promise<DownloadedModel> {
    const ended = await this.ask(ask);
    if (ended.outcome === 'cancelled') throw new Error('The download was cancelled');
    return ended.model;
  }
}
