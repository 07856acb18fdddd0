import { Failure } from '../../../failure/failure';

/** `detail` is half a sentence: what is there instead. */
export const importSourceUnknown = (from: string, detail: string): Failure =>
  new Failure('import-source-unknown', `${from} cannot be imported: ${detail}.`, {
    hint: 'Give the .gguf file of an adapter for llama.cpp, or the folder that mlx_lm.lora wrote with --adapter-path. A PEFT folder needs no import.',
    place: { file: from },
  });
