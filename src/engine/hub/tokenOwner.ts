import { isJsonObject } from '../formats/jsonFile';
import { hubAnswerInvalid, hubTokenRefused } from './failures';
import { authorization, patiently, refuseBusy, request, troubleOf, unreachable, usualPatience } from './request';
import type { Patience } from './request';
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
  const ends = { signal, silent: AbortSignal.timeout(silence), silence };
  const answer = await request(`${endpoint}/api/whoami-v2`, { headers: authorization(token) }, ends);
  if (answer.status === 401 || answer.status === 403) throw hubTokenRefused(endpoint);
  refuseBusy(answer);
  const text = await answer.text().catch((error: unknown) => {
    throw troubleOf(error, ends);
  });
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
