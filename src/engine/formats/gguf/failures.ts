import { Failure } from '../../../failure/failure';

const downloadAgain = 'Get the file again from where it came from; an interrupted download is the usual cause.';

/** Anything about a GGUF file that contradicts the format. */
export function ggufBroken(file: string, detail: string, path?: string): Failure {
  return new Failure('gguf-broken', `${file} is not a sound GGUF file: ${detail}.`, {
    hint: downloadAgain,
    place: { file, ...(path === undefined ? {} : { path }) },
  });
}

export function ggufVersionUnsupported(file: string, version: number): Failure {
  return new Failure('gguf-version', `${file} is a GGUF file of version ${version}; versions 2 and 3 can be read.`, {
    hint: 'Get a newer GGUF file of the model, or its Hugging Face folder.',
    place: { file },
  });
}

export function ggufBigEndian(file: string): Failure {
  return new Failure('gguf-big-endian', `${file} is a GGUF file for big-endian computers, which cannot be read.`, {
    hint: 'Get the usual, little-endian GGUF file of the model.',
    place: { file },
  });
}

export function ggufTypeUnsupported(file: string, tensor: string, type: string): Failure {
  return new Failure(
    'gguf-type-unsupported',
    `The tensor "${tensor}" in ${file} is stored as ${type}, which cannot be read.`,
    {
      hint: 'Use the same model as Q8_0, Q6_K, Q5_K_M, Q4_K_M, Q4_0 or F16.',
      place: { file, path: tensor },
    },
  );
}

export function ggufInParts(file: string, parts: number): Failure {
  return new Failure('gguf-in-parts', `${file} is one of ${parts} parts of a GGUF model.`, {
    hint: 'Join them first: `llama-gguf-split --merge` with the first part and a name for the whole.',
    place: { file, path: 'split.count' },
  });
}

export function ggufNotAModel(file: string, type: string): Failure {
  return new Failure('gguf-not-a-model', `${file} holds "${type}", not a model.`, {
    hint: 'Choose the GGUF file of the model itself.',
    place: { file, path: 'general.type' },
  });
}

/** `type` is what it holds instead. */
export function ggufNotAnAdapter(file: string, type: string): Failure {
  return new Failure('gguf-not-an-adapter', `${file} holds "${type}", not an adapter.`, {
    hint: 'Choose the file that llama.cpp takes after --lora. A model as GGUF is a base model as it is.',
    place: { file, path: 'general.type' },
  });
}

/** `detail` is half a sentence. */
export function ggufAdapterUnsupported(file: string, detail: string): Failure {
  return new Failure('gguf-adapter-unsupported', `${file} cannot be taken over as an adapter: ${detail}.`, {
    hint: "Use the adapter's PEFT folder where there is one, or the file in llama.cpp as it is.",
    place: { file },
  });
}

/** Rows of query and key layers lie in an order that depends on the number of heads. */
export function ggufAdapterNeedsBase(file: string): Failure {
  return new Failure(
    'gguf-adapter-needs-base',
    `${file} adapts layers whose rows are ordered by the model's attention heads, and it does not say how many there are.`,
    {
      hint: 'Give the base model with --base-model: its folder, its GGUF file, or the id of a downloaded one.',
      place: { file },
    },
  );
}

export function ggufArchitectureUnsupported(file: string, architecture: string, supported: readonly string[]): Failure {
  return new Failure(
    'gguf-architecture',
    `${file} is a model of the kind "${architecture}", which cannot be trained here yet.`,
    {
      hint: `Use a base model of one of these kinds: ${supported.join(', ')}.`,
      place: { file, path: 'general.architecture' },
    },
  );
}

export function ggufAdapterArchitectureUnsupported(
  file: string,
  architecture: string,
  supported: readonly string[],
): Failure {
  return new Failure(
    'gguf-architecture',
    `${file} is an adapter for models of the kind "${architecture}", which cannot be taken over here yet.`,
    {
      hint: `Adapters for models of these kinds can be: ${supported.join(', ')}.`,
      place: { file, path: 'general.architecture' },
    },
  );
}

/** A key that is missing or that asks for what the engine does not compute. */
export function ggufKeyUnsupported(file: string, key: string, detail: string): Failure {
  return new Failure('gguf-metadata', `${file} cannot be used as a base model: ${key} ${detail}.`, {
    hint: 'Use the Hugging Face folder of the same model, or another GGUF file of it.',
    place: { file, path: key },
  });
}

export function ggufTensorUnknown(file: string, tensor: string): Failure {
  return new Failure(
    'gguf-tensor-unknown',
    `${file} has a tensor "${tensor}" that models of its kind do not have, so it would be computed wrongly.`,
    { hint: 'Use the Hugging Face folder of the same model.', place: { file, path: tensor } },
  );
}

export function ggufTokenizerUnsupported(
  file: string,
  key: string,
  value: string,
  supported: readonly string[],
): Failure {
  return new Failure('gguf-tokenizer', `${file} has a tokenizer that cannot be read here: ${key} is "${value}".`, {
    hint: `Use the Hugging Face folder of the same model. Read are: ${supported.join(', ')}.`,
    place: { file, path: key },
  });
}

export function ggufTokenizerUnwritable(): Failure {
  return new Failure(
    'gguf-tokenizer-unwritable',
    'This model splits text into tokens in a way that GGUF has no name for here.',
    {
      hint: "Merge the adapter into a Hugging Face folder instead and convert that with llama.cpp's convert_hf_to_gguf.py.",
    },
  );
}

/** `what` as after "has". */
export function ggufUnwritable(what: string): Failure {
  return new Failure('gguf-unwritable', `This model has ${what}, which cannot be written as GGUF.`, {
    hint: 'Use the merged Hugging Face folder where it is needed.',
  });
}

export function ggufNotFinite(weight: string, type: string): Failure {
  const other = 'Merge it into a Hugging Face folder in float32 or bfloat16 (`lora merge`) and use that.';
  return new Failure('gguf-not-finite', `The weight ${weight} has values that ${type} cannot hold.`, {
    hint: type === 'F16' ? `Try --type q8_0, which holds larger ones in most matrices. Otherwise: ${other}` : other,
    exitCode: 3,
  });
}
