import { Failure } from '../../../failure/failure';

/** What is set up, and what else can be done where something of it cannot be fetched. */
export interface Subject {
  /** How the codes of its failures begin. */
  readonly code: string;
  readonly name: string;
  /** The end of a sentence that says what to mend first: what would do instead. */
  readonly instead: string;
  /** What can be done without a network. */
  readonly withoutNetwork: string;
}

const moreSpace =
  'Free some space, or set XDG_CACHE_HOME to a folder on a larger disk, then try again. Nothing was changed.';

export const noPython = ({ code, name }: Subject): Failure =>
  new Failure(`${code}-no-python`, `No Python was found, which fetches and unpacks ${name}.`, {
    hint: 'Install python3 (Debian and Ubuntu: `sudo apt install python3 python3-pip`), then try again.',
  });

export const noPip = ({ code, name, instead }: Subject): Failure =>
  new Failure(`${code}-no-pip`, `This Python has no pip, which fetches ${name}.`, {
    hint: `Install it (Debian and Ubuntu: \`sudo apt install python3-pip\`)${instead}.`,
  });

/** `wanted` is what pip was asked for, such as `tensorflow_cpu==2.15.1`. */
export const notOffered = ({ code, instead }: Subject, wanted: string): Failure =>
  new Failure(`${code}-not-offered`, `The index that pip uses does not have ${wanted} for Linux on x64.`, {
    hint: `Look at its settings with \`pip config list\`${instead}.`,
  });

/** The same where pip takes its files from a folder alone. */
export const notInFolder = ({ code }: Subject, wanted: string, folder: string, howToFetch: string): Failure =>
  new Failure(`${code}-not-offered`, `The folder ${folder} does not hold ${wanted} for Linux on x64.`, {
    hint: howToFetch,
    place: { file: folder },
  });

/** What pip or npm could not fetch. `withoutNetwork` where it is not that of the whole. */
export const notDownloaded = (
  { code, withoutNetwork: usual }: Subject,
  wanted: string,
  said: string,
  withoutNetwork = usual,
): Failure =>
  new Failure(`${code}-not-downloaded`, `${wanted} could not be downloaded: ${said}`, {
    hint: `Check the connection and try again; ${withoutNetwork}.`,
  });

/** Both as people read them. */
export const needsSpace = ({ code, name }: Subject, needed: string, free: string, folder: string): Failure =>
  new Failure(`${code}-needs-space`, `Setting ${name} up needs ${needed} of free disk space, and there are ${free}.`, {
    hint: moreSpace,
    place: { file: folder },
  });

/** In the middle of it. */
export const diskFull = ({ code, name }: Subject): Failure =>
  new Failure(`${code}-needs-space`, `The disk became full while ${name} was set up.`, { hint: moreSpace });

/** `detail` says what the file is; `instead` how to get the right one. */
export const fileWrong = ({ code }: Subject, file: string, detail: string, instead: string): Failure =>
  new Failure(`${code}-file-wrong`, `This is not the file that is needed: ${detail}.`, {
    hint: instead,
    place: { file },
  });
