import path from 'node:path';
import { fileMissing } from '../formats/failures';
import { hubCacheFolder, hubHome } from '../formats/hubCache';
import { readTextIfPresent } from '../formats/jsonFile';
import { hubTokenInvalid } from './failures';

/** Where the hub is and what may be asked of it: everything that the environment decides. */
export interface HubSettings {
  /** Without a slash at its end. */
  readonly endpoint: string;
  readonly isOffline: boolean;
  readonly token: string | undefined;
  /** Absolute path of the hub cache. */
  readonly cache: string;
  /** Whether snapshots may hold links; where they do not work, files are moved or copied. */
  readonly useLinks: boolean;
}

/**
 * Reads the variables that `huggingface_hub` reads, in its order: a token that was given, `HF_TOKEN`, the token file.
 * @throws Failure `hub-token-invalid`, `file-unreadable`
 */
export async function hubSettings(given: string | null, environment: NodeJS.ProcessEnv): Promise<HubSettings> {
  const endpoint = environment['HF_ENDPOINT'] ?? '';
  return {
    endpoint: (endpoint === '' ? 'https://huggingface.co' : endpoint).replace(/\/+$/, ''),
    isOffline: isTrue(environment['HF_HUB_OFFLINE']) || isTrue(environment['TRANSFORMERS_OFFLINE']),
    token: await findToken(given, environment),
    cache: hubCacheFolder(environment),
    useLinks: !isTrue(environment['HF_HUB_DISABLE_SYMLINKS']),
  };
}

/** A token without the white space around it. @throws Failure `hub-token-invalid` */
export function cleanToken(text: string, source: string): string {
  const token = text.trim();
  // What is no word cannot be sent in a header, and would show up in the message of the error.
  if (!/^[\x21-\x7e]+$/.test(token)) throw hubTokenInvalid(source);
  return token;
}

/** The token in a file. @throws Failure `file-missing`, `file-unreadable`, `hub-token-invalid` */
export async function readToken(file: string): Promise<string> {
  const text = await readTextIfPresent(file);
  if (text === undefined) throw fileMissing(file);
  return cleanToken(text, file);
}

async function findToken(given: string | null, environment: NodeJS.ProcessEnv): Promise<string | undefined> {
  if (given !== null) return cleanToken(given, 'What was given');
  for (const name of ['HF_TOKEN', 'HUGGING_FACE_HUB_TOKEN']) {
    const token = environment[name];
    if (token !== undefined && token.trim() !== '') return cleanToken(token, name);
  }
  const named = environment['HF_TOKEN_PATH'];
  const file = named !== undefined && named !== '' ? named : path.join(hubHome(environment), 'token');
  const text = (await readTextIfPresent(file))?.trim() ?? '';
  return text === '' ? undefined : cleanToken(text, file);
}

function isTrue(value: string | undefined): boolean {
  return ['1', 'ON', 'YES', 'TRUE'].includes((value ?? '').toUpperCase());
}
