import { Failure } from '../../../failure/failure';

const moreSpace =
  'Free some space, or set XDG_CACHE_HOME to a folder on a larger disk, then try again. Nothing was changed.';
/** For the processor a wheel on disk is the whole download; a card takes NVIDIA's libraries as well. */
const fromWheel = 'take the wheel from disk (--wheel FILE; in VS Code "From a wheel on disk")';
const cardNeedsNetwork =
  "for a graphics card NVIDIA's libraries are always fetched, with --wheel as well. Without a network TensorFlow can be set up " +
  'for the processor (--cpu)';
const again = 'Run `lora setup tensorflow` again.';

export const tensorflowNotSetUp = (): Failure =>
  new Failure('tensorflow-not-set-up', 'The recipe asks for TensorFlow, which is not set up on this computer.', {
    hint: 'Run `lora setup tensorflow` once, or set engine.runtime to "auto", which needs no set-up.',
    place: { path: 'engine.runtime' },
  });

export const tensorflowNotLoading = (file: string, cause: unknown): Failure =>
  new Failure('tensorflow-not-loading', `TensorFlow does not load: ${lastLine(cause)}.`, {
    hint: `${again} Until then set engine.runtime to "auto".`,
    place: { file },
    cause,
  });

export const tensorflowNotHere = (platform: string): Failure =>
  new Failure('tensorflow-not-here', `TensorFlow can be set up on Linux with an x64 processor, not on ${platform}.`, {
    hint: 'Nothing is lost: set engine.runtime to "auto", which trains everywhere.',
  });

export const tensorflowNoPython = (): Failure =>
  new Failure('tensorflow-no-python', 'No Python was found, which fetches and unpacks TensorFlow.', {
    hint: 'Install python3 (Debian and Ubuntu: `sudo apt install python3 python3-pip`), then try again.',
  });

/** `isForCard` where NVIDIA's libraries are fetched, too. */
export const tensorflowNoPip = (isForCard: boolean): Failure =>
  new Failure('tensorflow-no-pip', 'This Python has no pip, which fetches TensorFlow.', {
    hint:
      'Install it (Debian and Ubuntu: `sudo apt install python3-pip`)' +
      (isForCard ? `: ${cardNeedsNetwork}.` : `, or ${fromWheel}.`),
  });

export const tensorflowNoCompiler = (): Failure =>
  new Failure('tensorflow-no-compiler', 'No C++ compiler (g++) was found, which builds the binding to TensorFlow.', {
    hint: 'Install it (Debian and Ubuntu: `sudo apt install g++`, Fedora: `sudo dnf install gcc-c++`), then try again.',
  });

/** `option` takes what npm fetches from disk instead. */
export const tensorflowNoNpm = (what: string, option: string): Failure =>
  new Failure('tensorflow-no-npm', `No npm was found, which fetches ${what}.`, {
    hint: `Install Node.js from nodejs.org, which brings npm, then try again; or take it from disk (\`lora setup tensorflow ${option} FILE\`).`,
  });

/** `wanted` is what pip was asked for, such as `tensorflow_cpu==2.15.1`. */
export const tensorflowNotOffered = (wanted: string, isForCard: boolean): Failure =>
  new Failure('tensorflow-not-offered', `The index that pip uses does not have ${wanted} for Linux on x64.`, {
    hint: `Look at its settings with \`pip config list\`${isForCard ? `: ${cardNeedsNetwork}.` : `, or ${fromWheel}.`}`,
  });

/** Both as people read them. */
export const tensorflowNeedsSpace = (needed: string, free: string, folder: string): Failure =>
  new Failure(
    'tensorflow-needs-space',
    `Setting TensorFlow up needs ${needed} of free disk space, and there are ${free}.`,
    { hint: moreSpace, place: { file: folder } },
  );

/** In the middle of it. */
export const tensorflowDiskFull = (): Failure =>
  new Failure('tensorflow-needs-space', 'The disk became full while TensorFlow was set up.', { hint: moreSpace });

export const tensorflowNoGraphics = (why: string): Failure =>
  new Failure('tensorflow-no-graphics', `TensorFlow cannot use a graphics card here: ${why}.`, {
    hint:
      'It takes an NVIDIA card with a driver of version 525 or later (`nvidia-smi` shows it). For the processor: ' +
      '`lora setup tensorflow --cpu`; "device": "webgpu" needs no TensorFlow and computes on cards of all makers.',
  });

/** `how` is a signal, or what it did instead of an answer. */
export const tensorflowCrashed = (how: string): Failure =>
  new Failure('tensorflow-crashed', `TensorFlow ended the process in which it was tried (${how}).`, {
    hint:
      how === 'SIGILL'
        ? 'This processor lacks instructions (AVX) that TensorFlow needs. Set engine.runtime to "auto", which does without.'
        : 'It was not set up. Set engine.runtime to "auto", which needs no TensorFlow.',
  });

/** What pip could not fetch. */
export const tensorflowWheelNotDownloaded = (wanted: string, said: string, isForCard: boolean): Failure =>
  notDownloaded(wanted, said, isForCard ? cardNeedsNetwork : `without a network ${fromWheel}`);

/** What npm could not fetch; `option` is what takes the file from disk instead. */
export const tensorflowNotDownloaded = (what: string, said: string, option: string): Failure =>
  notDownloaded(
    what,
    said,
    `without a network take the file from disk (${option} FILE; \`npm pack ${what}\` writes it)`,
  );

const notDownloaded = (what: string, said: string, instead: string): Failure =>
  new Failure('tensorflow-not-downloaded', `${what} could not be downloaded: ${said}`, {
    hint: `Check the connection and try again; ${instead}.`,
  });

export const tensorflowFileWrong = (file: string, detail: string, instead: string): Failure =>
  new Failure('tensorflow-file-wrong', `This is not the file that is needed: ${detail}.`, {
    hint: instead,
    place: { file },
  });

export const tensorflowNotBuilt = (said: string): Failure =>
  new Failure('tensorflow-not-built', `The binding to TensorFlow could not be compiled: ${said}`, {
    hint: 'A g++ of version 9 or later is needed. Nothing was changed on this computer.',
  });

export const tensorflowWrongNumbers = (name: string, size: number): Failure =>
  new Failure(
    'tensorflow-wrong-numbers',
    `TensorFlow computes other numbers here: ${name} of a small training step is off by ${size.toExponential(1)}.`,
    { hint: 'It was not set up. Set engine.runtime to "auto", and please report it with the output of `lora doctor`.' },
  );

function lastLine(cause: unknown): string {
  const said = cause instanceof Error ? cause.message : String(cause);
  return said.trim().split('\n').at(-1)!.replace(/\.$/, '');
}
