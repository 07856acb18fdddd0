import type { DownloadNews, DownloadOutcome, DownloadRequest, DownloadedModel } from '../../run/download';
import { Failure } from '../../failure/failure';
import { takeLock } from '../checkpoint/lock';
import { findInHubCache, looksLikeHubId } from '../formats/hubCache';
import { openModelFolder } from '../formats/modelFolder';
import { isJsonObject } from '../formats/jsonFile';
import type { JsonObject } from '../formats/jsonFile';
import { fetchBlob } from './blob';
import { DownloadProgress } from './downloadProgress';
import { hubAnswerInvalid, hubIdInvalid, hubOffline, hubRevisionInvalid } from './failures';
import { HubClient } from './hubClient';
import type { RemoteFile, RemoteModel } from './hubClient';
import { patiently, sleep, unreachable, usualPatience } from './request';
import type { Patience } from './request';
import { ModelCache } from './modelCache';
import { checkFiles, configFile, firstFiles, indexFile, wantedFiles } from './repoFiles';
import { hubSettings } from './settings';
import type { HubSettings } from './settings';

export interface DownloadOptions {
  readonly signal: AbortSignal;
  readonly onNews: (news: DownloadNews) => void;
  /**
   * Looks at the model's `config.json` before any weights are fetched.
   * @throws Failure where the model cannot be used
   */
  readonly onConfig: (config: JsonObject, bytes: { readonly total: number; readonly present: number }) => void;
  readonly environment?: NodeJS.ProcessEnv;
  readonly patience?: Patience;
}

/** Milliseconds between two looks at whether another process has finished. */
const lockPause = 250;

/**
 * Fetches what the engine needs of a model on the hub into the hub cache; what is there already is not fetched again.
 * A stop or a kill at any moment leaves older snapshots as they are, and the next call goes on.
 * @throws Failure `hub-…`, `download-…`, `model-…`, `tokenizer-missing`, `output-unwritable`, `disk-full`
 */
export async function downloadModel(request: DownloadRequest, options: DownloadOptions): Promise<DownloadOutcome> {
  const { signal, environment = process.env } = options;
  const { id, revision } = readRequest(request);
  const download = new Download(id, revision, await hubSettings(request.token, environment), options);
  try {
    return { outcome: 'finished', model: await download.run() };
  } catch (error) {
    if (!signal.aborted || error !== signal.reason) throw error;
    return { outcome: 'cancelled', ...download.standing() };
  } finally {
    download.end();
  }
}

/**
 * The id and the revision that are meant, also by the address of the model's page.
 * @throws Failure `hub-id-invalid`, `hub-revision-invalid`
 */
export function readRequest({ id, revision }: DownloadRequest): { readonly id: string; readonly revision: string } {
  const page = /^https?:\/\/[^/]+\/([^/?#]+\/[^/?#]+)(?:\/tree\/([^?#]+?))?\/?(?:[?#].*)?$/.exec(id.trim());
  const named = page?.[1] ?? id.trim();
  if (!looksLikeHubId(named)) throw hubIdInvalid(id);
  const wanted = revision ?? (page?.[2] === undefined ? 'main' : decodeURIComponent(page[2]));
  // It becomes a path under `refs`.
  const isSafe = /^[\w.+-]+(\/[\w.+-]+)*$/.test(wanted) && !wanted.split('/').some((part) => /^\.+$/.test(part));
  if (!isSafe) throw hubRevisionInvalid(wanted);
  return { id: named, revision: wanted };
}

class Download {
  readonly #cache: ModelCache;
  readonly #client: HubClient;
  readonly #patience: Patience;
  readonly #fetched = new Set<RemoteFile>();
  #downloaded = 0;
  #progress: { readonly bytes: DownloadProgress; readonly total: number } | undefined;

  constructor(
    private readonly id: string,
    private readonly revision: string,
    private readonly settings: HubSettings,
    private readonly options: DownloadOptions,
  ) {
    this.#patience = options.patience ?? usualPatience;
    this.#cache = new ModelCache(settings.cache, id, settings.useLinks);
    this.#client = new HubClient(settings, id, options.signal, this.#patience);
  }

  /** How far it came. */
  standing(): { readonly done_bytes: number | null; readonly total_bytes: number | null } {
    return { done_bytes: this.#progress?.bytes.done ?? null, total_bytes: this.#progress?.total ?? null };
  }

  end(): void {
    this.#progress?.bytes.end();
  }

  async run(): Promise<DownloadedModel> {
    if (this.settings.isOffline) return this.#offline();
    const model = await this.#ask();
    checkFiles(this.id, model.files);
    await this.#cache.prepareLock();
    return this.#alone(() => this.#fetchAll(model));
  }

  /** What was fetched earlier, without asking whether there is something newer. */
  async #offline(): Promise<DownloadedModel> {
    const { id, revision } = this;
    const found = await this.#cache.findSnapshot(revision);
    if (found === undefined) throw hubOffline(id);
    const { commit, folder, sizes } = found;
    await openModelFolder(folder).catch((error: unknown) => {
      throw error instanceof Failure ? hubOffline(id) : error;
    });
    const bytes = sizes.reduce((sum, size) => sum + size, 0);
    return { ...(await this.#named(commit)), files: sizes.length, bytes, downloaded_bytes: 0 };
  }

  async #fetchAll({ commit, files }: RemoteModel): Promise<DownloadedModel> {
    await this.#cache.prepare();
    const { wanted, total } = await this.#lookFirst(files, commit);
    for (const file of wanted) await this.#fetch(file, commit);
    await this.#cache.publish(wanted, commit, this.revision, this.#fetched);
    const downloaded = { bytes: total, downloaded_bytes: this.#downloaded };
    return { ...(await this.#named(commit)), files: wanted.length, ...downloaded };
  }

  /** What is wanted, found out from the first small files; where that fails, nothing of the model stays behind. */
  async #lookFirst(
    files: readonly RemoteFile[],
    commit: string,
  ): Promise<{ wanted: readonly RemoteFile[]; total: number }> {
    const first = firstFiles(files);
    try {
      for (const file of first) await this.#fetch(file, commit);
      const config = await this.#read(first, configFile, commit);
      const wanted = wantedFiles(this.id, files, await this.#read(first, indexFile, commit));
      const total = wanted.reduce((sum, { size }) => sum + size, 0);
      const bytes = new DownloadProgress(total, this.options.onNews);
      for (const file of wanted) bytes.set(file.name, await this.#cache.present(file, commit), false);
      this.options.onConfig(config!, { total, present: bytes.done - this.#downloaded });
      await this.#cache.checkSpace(total - bytes.done);
      this.#progress = { bytes, total };
      return { wanted, total };
    } catch (error) {
      await this.#cache.forget(this.#fetched);
      throw error;
    }
  }

  async #named(commit: string): Promise<Pick<DownloadedModel, 'id' | 'revision' | 'commit' | 'folder' | 'base_model'>> {
    const { id, revision } = this;
    const folder = this.#cache.snapshot(commit);
    const isMeantById = (await findInHubCache(id, this.settings.cache)) === folder;
    return { id, revision, commit, folder, base_model: isMeantById ? id : folder };
  }

  /** Without patience at first: who is offline wants to know it at once. */
  async #ask(): Promise<RemoteModel> {
    return patiently(() => this.#client.model(this.revision), {
      pauses: this.#patience.pauses.slice(0, 1),
      signal: this.options.signal,
      progressed: () => false,
      onPause: this.#onPause,
      giveUp: unreachable(this.settings.endpoint),
    });
  }

  async #fetch(file: RemoteFile, commit: string): Promise<void> {
    if ((await this.#cache.find(file, commit)) !== undefined) return;
    let before: number | undefined;
    await fetchBlob(this.#client, file, this.#cache.blob(file), {
      commit,
      pauses: this.#patience.pauses,
      signal: this.options.signal,
      onPause: this.#onPause,
      onBytes: (here) => {
        this.#downloaded += Math.max(0, here - (before ?? here));
        before = here;
        this.#progress?.bytes.set(file.name, here, true);
      },
    });
    this.#fetched.add(file);
  }

  readonly #onPause = (reason: string, seconds: number): void => {
    this.options.onNews({ type: 'retrying', reason, seconds });
  };

  async #read(files: readonly RemoteFile[], name: string, commit: string): Promise<JsonObject | undefined> {
    const file = files.find((candidate) => candidate.name === name);
    if (file === undefined) return undefined;
    const value = await this.#cache.readJson(file, commit).catch((error: unknown) => {
      throw error instanceof SyntaxError ? hubAnswerInvalid(`${name} is no JSON`) : error;
    });
    if (!isJsonObject(value)) throw hubAnswerInvalid(`${name} holds no JSON object`);
    return value;
  }

  /** One process of this program at a time fetches a model; the others wait, and find everything there. */
  async #alone<T>(work: () => Promise<T>): Promise<T> {
    for (let told = 0; ;) {
      const lock = await takeLock(this.#cache.lock);
      if ('release' in lock) return work().finally(() => lock.release());
      if (told !== lock.heldBy) this.options.onNews({ type: 'waiting', pid: lock.heldBy });
      told = lock.heldBy;
      await sleep(lockPause, this.options.signal);
    }
  }
}
