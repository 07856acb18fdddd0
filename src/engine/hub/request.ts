import type { Failure } from '../../failure/failure';
import { hubUnreachable } from './failures';

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

/** When a request is given up. */
export interface Ends {
  /** The user's. */
  readonly signal: AbortSignal;
  /** Aborted when nothing arrived for `silence` milliseconds. */
  readonly silent: AbortSignal;
  readonly silence: number;
}

/**
 * One request to the hub or to where it sends. Gives answers of all statuses.
 * @throws the signal's reason, NetworkTrouble
 */
export async function request(address: string, init: HubRequest, ends: Ends): Promise<Response> {
  try {
    return await fetch(address, {
      ...init,
      headers: { 'User-Agent': 'lora-workbench', ...init.headers },
      signal: AbortSignal.any([ends.signal, ends.silent]),
    });
  } catch (error) {
    throw troubleOf(error, ends);
  }
}

export interface HubRequest {
  readonly method?: string;
  readonly body?: string | Uint8Array<ArrayBuffer>;
  readonly headers: Readonly<Record<string, string>>;
}

/** As a header; none without a token. */
export function authorization(token: string | undefined): Record<string, string> {
  return token === undefined ? {} : { Authorization: `Bearer ${token}` };
}

/** What it means that a request or the reading of its answer failed. */
export function troubleOf(error: unknown, { signal, silent, silence }: Ends): unknown {
  if (signal.aborted) return signal.reason;
  if (silent.aborted) return new NetworkTrouble(`nothing arrived for ${silence / 1000} s`, error);
  return new NetworkTrouble(reasonOf(error), error);
}

/** @throws NetworkTrouble where the hub is busy or out of order, and another attempt may be answered */
export function refuseBusy({ status, headers }: Response): void {
  if (status !== 408 && status !== 429 && status < 500) return;
  const wait = Number(headers.get('Retry-After') ?? 0);
  const reason = status === 429 ? 'it was asked too often' : `it answers with status ${status}`;
  throw new NetworkTrouble(reason, undefined, Number.isFinite(wait) ? Math.min(wait, 120) : 0);
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
function reasonOf(error: unknown): string {
  for (let at: unknown = error; at instanceof Error; at = at.cause) {
    const code = 'code' in at && typeof at.code === 'string' ? at.code : '';
    if (reasons[code] !== undefined) return reasons[code];
    if (at.cause === undefined) return code === '' ? at.message : `${at.message} (${code})`;
  }
  return String(error);
}
