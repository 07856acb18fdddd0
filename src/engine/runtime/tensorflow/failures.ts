import { Failure } from '../../../failure/failure';

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

export const tensorflowNoPip = (): Failure =>
  new Failure('tensorflow-no-pip', 'This Python has no pip, which fetches TensorFlow.', {
    hint: 'Install it (Debian and Ubuntu: `sudo apt install python3-pip`), or give a wheel on disk with --wheel.',
  });

export const tensorflowNoCompiler = (): Failure =>
  new Failure('tensorflow-no-compiler', 'No C++ compiler (g++) was found, which builds the binding to TensorFlow.', {
    hint: 'Install it (Debian and Ubuntu: `sudo apt install g++`, Fedora: `sudo dnf install gcc-c++`), then try again.',
  });

export const tensorflowNoNpm = (what: string): Failure =>
  new Failure('tensorflow-no-npm', `No npm was found, which fetches ${what}.`, {
    hint: 'Install Node.js from nodejs.org, which brings npm, then try again.',
  });

/** `option` is what takes the file from disk instead. */
export const tensorflowNotDownloaded = (what: string, said: string, option: string | undefined): Failure =>
  new Failure('tensorflow-not-downloaded', `${what} could not be downloaded: ${said}`, {
    hint:
      'Check the connection and try again' +
      (option === undefined ? '.' : `; without a network give the file on disk with ${option} FILE.`),
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
