import { createHash } from 'node:crypto';
import { isRepository } from '../../run/publish';
import type { PublishedAdapter, PublishNews } from '../../run/publish';
import { hubIdInvalid, publishDiffers, publishIsPublic, publishNeedsToken, publishOffline } from './failures';
import { HubClient } from './hubClient';
import type { RemoteModel } from './hubClient';
import { patiently, unreachable, usualPatience } from './request';
import type { Patience } from './request';
import { HubWriter } from './hubWriter';
import type { FileToPublish } from './hubWriter';
import { hubSettings } from './settings';
import type { HubSettings } from './settings';

export interface PublishOptions {
  readonly repo: string;
  readonly isPrivate: boolean;
  readonly token: string | null;
  /** What the commit is called. */
  readonly summary: string;
  readonly signal: AbortSignal;
  readonly onNews: (news: PublishNews) => void;
  readonly environment?: NodeJS.ProcessEnv;
  readonly patience?: Patience;
}

/**
 * Puts files into a model repository of the hub, which is made where there is none. Files that are there already are left
 * alone, all others come in one commit, and what the hub says it has is compared with them by hashes. Other files of the
 * repository stay. After a stop or a failure the same call goes on: large files that arrived are not sent again.
 * @throws Failure `hub-id-invalid`, `publish-…`, `hub-…`
 */
export async function publishFiles(
  contents: ReadonlyMap<string, Buffer>,
  options: PublishOptions,
): Promise<PublishedAdapter> {
  const { repo, token, environment = process.env } = options;
  if (!isRepository(repo)) throw hubIdInvalid(repo);
  return new Publication(await hubToPublish(token, environment), options).publish(contents);
}

/**
 * The hub that would be published to, and the token for it.
 * @throws Failure `publish-offline`, `publish-needs-token`, those of `hubSettings`
 */
export async function hubToPublish(token: string | null, environment: NodeJS.ProcessEnv): Promise<HubSettings> {
  const settings = await hubSettings(token, environment);
  if (settings.isOffline) throw publishOffline();
  if (settings.token === undefined) throw publishNeedsToken();
  return settings;
}

class Publication {
  readonly #writer: HubWriter;
  readonly #reader: HubClient;
  readonly #patience: Patience;

  constructor(
    private readonly settings: HubSettings,
    private readonly options: PublishOptions,
  ) {
    this.#patience = options.patience ?? usualPatience;
    this.#writer = new HubWriter(settings, options.repo, options.signal);
    this.#reader = new HubClient(settings, options.repo, options.signal, this.#patience);
  }

  async publish(contents: ReadonlyMap<string, Buffer>): Promise<PublishedAdapter> {
    const { repo, isPrivate, summary, onNews } = this.options;
    const url = `${this.settings.endpoint}/${repo}`;
    const files = [...contents].map(([name, bytes]) => ({ name, bytes, sha256: hashOf('sha256', bytes) }));
    const isNew = await this.#patiently(() => this.#writer.create(isPrivate));
    const before = await this.#look();
    // Before anything of the adapter has left this computer.
    if (isPrivate && !before.isPrivate) throw publishIsPublic(repo, url);
    const changed = files.filter((file) => !isThere(file, before));
    if (changed.length > 0) {
      const large = await this.#patiently(() => this.#writer.largeOnes(changed));
      for (const file of changed) {
        onNews({ type: 'file', name: file.name, bytes: file.bytes.length });
        if (large.has(file.name)) await this.#patiently(() => this.#writer.store(file));
      }
      await this.#patiently(() => this.#writer.commit(summary, changed, large));
    }
    const after = changed.length === 0 ? before : await this.#look();
    const other = files.find((file) => !isThere(file, after));
    if (other !== undefined) throw publishDiffers(repo, other.name);
    return {
      repo,
      url,
      is_private: after.isPrivate,
      is_new: isNew,
      commit: after.commit,
      files: files.map(({ name }) => name),
      changed: changed.map(({ name }) => name),
    };
  }

  #look(): Promise<RemoteModel> {
    return this.#patiently(() => this.#reader.model('main'));
  }

  #patiently<T>(work: () => Promise<T>): Promise<T> {
    return patiently(work, {
      pauses: this.#patience.pauses,
      signal: this.options.signal,
      progressed: () => false,
      onPause: (reason, seconds) => this.options.onNews({ type: 'waiting', reason, seconds }),
      giveUp: unreachable(this.settings.endpoint),
    });
  }
}

function isThere({ name, bytes, sha256 }: FileToPublish, { files }: RemoteModel): boolean {
  const remote = files.find((file) => file.name === name);
  if (remote?.size !== bytes.length) return false;
  // Of files that are not large the hub tells the id that git gives to their content.
  const gitId = (): string => hashOf('sha1', Buffer.from(`blob ${bytes.length}\0`), bytes);
  return remote.oid === (remote.algorithm === 'sha256' ? sha256 : gitId());
}

function hashOf(algorithm: 'sha256' | 'sha1', ...parts: readonly Buffer[]): string {
  const hash = createHash(algorithm);
  for (const part of parts) hash.update(part);
  return hash.digest('hex');
}
