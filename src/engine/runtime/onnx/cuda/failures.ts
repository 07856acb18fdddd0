import { Failure } from '../../../../failure/failure';

const otherwise = '"device": "webgpu" needs no set-up and computes on the same card.';

export const cudaNotHere = (platform: string): Failure =>
  new Failure('cuda-not-here', `CUDA can be set up on Linux with an x64 processor, not on ${platform}.`, {
    hint: 'Set engine.device to "webgpu", which computes on NVIDIA\'s cards as well.',
  });

export const cudaNoDriver = (cause?: unknown): Failure =>
  new Failure('cuda-no-driver', "CUDA needs NVIDIA's driver, and none answers on this computer.", {
    hint:
      'Install the driver of your NVIDIA card, version 580 or later (`nvidia-smi` shows it), then try again; for cards of ' +
      'other makers set engine.device to "webgpu".',
    cause,
  });

export const cudaDriverOld = (version: string): Failure =>
  new Failure('cuda-driver-old', `NVIDIA's driver ${version} is too old for CUDA 13, which needs 580 or later.`, {
    hint: `Install a newer driver, then try again. ${otherwise}`,
  });

/** `capability` is NVIDIA's number of the card's generation, such as 6.1. */
export const cudaCardOld = (card: string, capability: string): Failure =>
  new Failure(
    'cuda-card-old',
    `CUDA 13 no longer computes on the ${card}: it needs compute capability 7.5 or later, and this card has ${capability}.`,
    { hint: otherwise },
  );

export const cudaNotLoading = (cause: unknown): Failure =>
  new Failure('cuda-not-loading', `CUDA's libraries do not load: ${lastLine(cause)}.`, {
    hint: `Run \`lora setup cuda\` again. ${otherwise}`,
    place: { path: 'engine.device' },
    cause,
  });

/** `reason` is the sentence of the trial. */
export const cudaNotUsable = (reason: string): Failure =>
  new Failure('cuda-not-usable', `CUDA does not work here. ${reason}`, {
    hint: `It was not set up, and nothing was changed. ${otherwise}`,
  });

function lastLine(cause: unknown): string {
  const said = cause instanceof Error ? cause.message : String(cause);
  return said.trim().split('\n').at(-1)!.replace(/\.$/, '');
}
