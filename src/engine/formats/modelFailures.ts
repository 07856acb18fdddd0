import { Failure } from '../../failure/failure';

export function modelMissing(model: string, lookedAt: readonly string[]): Failure {
  return new Failure('model-missing', `There is no model folder ${model}.`, {
    hint: `Check "base_model": it is a folder with config.json and model.safetensors, or a .gguf file. Looked at: ${lookedAt.join(', ')}.`,
    place: { file: model },
  });
}

export function modelNotInHubCache(id: string, lookedAt: readonly string[]): Failure {
  return new Failure(
    'model-not-in-hub-cache',
    `"${id}" is neither a folder nor a model in the local Hugging Face cache.`,
    {
      hint:
        `Download it once with \`lora download ${id}\` or \`hf download ${id}\`, or give the path of a model folder. ` +
        `Looked at: ${lookedAt.join(', ')}.`,
      place: { file: id },
    },
  );
}

export function modelIsAFile(file: string): Failure {
  return new Failure(
    'model-is-a-file',
    `${file} is no model; a base model is a folder with config.json and weights, or a .gguf file.`,
    {
      hint: 'Give the folder that holds the file.',
      place: { file },
    },
  );
}

export function modelGgufSeveral(folder: string, files: readonly string[]): Failure {
  return new Failure('model-gguf-several', `${folder} holds ${files.length} GGUF models: ${files.join(', ')}.`, {
    hint: 'Give the path of the one that is meant.',
    place: { file: folder },
  });
}

/** Of a model on the hub that is there as GGUF alone. */
export function modelGgufUnsupported(file: string): Failure {
  return new Failure(
    'model-gguf-unsupported',
    `${file} is a GGUF file, and only Hugging Face folders are downloaded.`,
    {
      hint: 'Download that file yourself and give its path as base_model, or download the Hugging Face folder of the same model.',
      place: { file },
    },
  );
}

export function modelConfigMissing(folder: string): Failure {
  return new Failure(
    'model-config-missing',
    `${folder} has no config.json, so it is not a Hugging Face model folder.`,
    {
      hint: 'Give the folder that holds config.json, model.safetensors and tokenizer.json.',
      place: { file: folder },
    },
  );
}

export function modelIsAnAdapter(folder: string, base: string | undefined): Failure {
  return new Failure('model-is-an-adapter', `${folder} holds a LoRA adapter, not a base model.`, {
    hint:
      base === undefined
        ? 'Put the model that it was trained on into "base_model" and this folder into "lora.init_from".'
        : `Put "${base}" into "base_model" and this folder into "lora.init_from".`,
    place: { file: folder },
  });
}

export function modelPickleOnly(folder: string, file: string): Failure {
  return new Failure(
    'model-pickle-only',
    `${folder} has its weights only in ${file}, a format that can run code when it is opened, so it is never read.`,
    {
      hint:
        'Use the safetensors variant of the model, or convert it once in Python: ' +
        'AutoModelForCausalLM.from_pretrained("this-folder").save_pretrained("new-folder").',
      place: { file },
    },
  );
}

export function modelWeightsMissing(folder: string): Failure {
  return new Failure(
    'model-weights-missing',
    `${folder} has neither model.safetensors nor model.safetensors.index.json.`,
    { hint: 'Download the weights too: the folder holds only the small files of the model.', place: { file: folder } },
  );
}

export function modelIndexBroken(file: string, detail: string): Failure {
  return new Failure('model-index-broken', `${file} is not a list of shards: ${detail}.`, {
    hint: 'Download model.safetensors.index.json again.',
    place: { file, path: 'weight_map' },
  });
}

export function modelShardMissing(index: string, shard: string): Failure {
  return new Failure('model-shard-missing', `${index} names the file ${shard}, which is not there.`, {
    hint: 'Download the missing part of the model.',
    place: { file: index, path: 'weight_map' },
  });
}

export function modelIndexMismatch(index: string, tensor: string, shard: string): Failure {
  return new Failure('model-index-mismatch', `${index} says that ${shard} holds "${tensor}", but it does not.`, {
    hint: 'Index and weights are from different versions of the model: download the folder again.',
    place: { file: index, path: `weight_map.${tensor}` },
  });
}
