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

export const tensorflowNoCompiler = (): Failure =>
  new Failure('tensorflow-no-compiler', 'No C++ compiler (g++) was found, which builds the binding to TensorFlow.', {
    hint: 'Install it (Debian and Ubuntu: `sudo apt install g++`, Fedora: `sudo dnf install gcc-c++`), then try again.',
  });

/** `option` takes what npm fetches from disk instead. */
export const tensorflowNoNpm = (what: string, option: string): Failure =>
  new Failure('tensorflow-no-npm', `No npm was found, which fetches ${what}.`, {
    hint: `Install Node.js from nodejs.org, which brings npm, then try again; or take it from disk (\`lora setup tensorflow ${option} FILE\`).`,
  });

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
