import { isJsonObject } from '../formats/jsonFile';
import { hubAnswerInvalid, hubTokenRefused } from './failures';
import { NetworkTrouble, patiently, reasonOf, unreachable, usualPatience } from './hubClient';
import type { Patience } from './hubClient';
import type { HubSettings } from './settings';

export interface OwnerOptions {
  readonly signal: AbortSignal;
  readonly patience?: Patience;
  readonly onPause: (reason: string, seconds: number) => void;
}

/**
 * Whose token the hub knows this to be: the name before the slash of what its owner publishes.
 * @throws Failure `hub-token-refused`, `hub-unreachable`, `hub-answer-invalid`
 */
export async function tokenOwner(settings: HubSettings, options: OwnerOptions): Promise<string> {
  const { signal, patience = usualPatience, onPause } = options;
  return patiently(() => askOnce(settings, signal, patience.silence), {
    pauses: patience.pauses,
    signal,
    progressed: () => false,
    onPause,
    giveUp: unreachable(settings.endpoint),
  });
}

/** @throws Failure, NetworkTrouble */
async function askOnce({ endpoint, token }: HubSettings, signal: AbortSignal, silence: number): Promise<string> {
  const silent = AbortSignal.timeout(silence);
  let status: number;
  let text: string;
  try {
    const answer = await fetch(`${endpoint}/api/whoami-v2`, {
      headers: { 'User-Agent': 'lora-workbench', Authorization: `Bearer ${token ?? ''}` },
      signal: AbortSignal.any([signal, silent]),
    });
    status = answer.status;
    text = await answer.text();
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    throw new NetworkTrouble(silent.aborted ? `nothing arrived for ${silence / 1000} s` : reasonOf(error), error);
  }
  if (status === 401 || status === 403) throw hubTokenRefused(endpoint);
  if (status === 408 || status === 429 || status >= 500) {
    throw new NetworkTrouble(`it answers with status ${status}`, undefined);
  }
  return nameIn(text);
}

/** @throws Failure `hub-answer-invalid` */
function nameIn(text: string): string {
  let answer: unknown;
  try {
    answer = JSON.parse(text);
  } catch {
    throw hubAnswerInvalid('what should be JSON is none');
  }
  const name = isJsonObject(answer) ? answer['name'] : undefined;
  if (typeof name !== 'string' || !/^[A-Za-z0-9][\w.-]*$/.test(name))
    throw hubAnswerInvalid('it names no owner of the token');
  return name;
}
