import { Failure } from '../../failure/failure';

export function adapterMissing(folder: string): Failure {
  return new Failure('adapter-missing', `There is no adapter folder ${folder}.`, {
    hint: 'Give the folder that holds adapter_config.json and adapter_model.safetensors.',
    place: { file: folder },
  });
}

export function adapterConfigMissing(folder: string): Failure {
  return new Failure('adapter-config-missing', `${folder} has no adapter_config.json, so it is not a PEFT adapter.`, {
    hint: 'Give the folder that holds adapter_config.json and adapter_model.safetensors.',
    place: { file: folder },
  });
}

export function adapterWeightsMissing(folder: string): Failure {
  return new Failure('adapter-weights-missing', `${folder} has no adapter_model.safetensors.`, {
    hint: 'Copy or download the adapter again, with its weights.',
    place: { file: folder },
  });
}

export function adapterPickleOnly(folder: string): Failure {
  return new Failure(
    'adapter-pickle-only',
    `${folder} has its weights only in adapter_model.bin, a format that can run code when it is opened, so it is never read.`,
    {
      hint:
        'Convert it once in Python with PEFT: ' +
        'PeftModel.from_pretrained(base_model, "this-folder").save_pretrained("new-folder").',
      place: { file: folder },
    },
  );
}

export function adapterTypeUnsupported(file: string, peftType: string): Failure {
  return new Failure(
    'adapter-type-unsupported',
    `${file} is a ${peftType} adapter; only LORA adapters are supported.`,
    {
      hint: 'Use an adapter whose adapter_config.json says "peft_type": "LORA".',
      place: { file, path: 'peft_type' },
    },
  );
}

export function adapterSettingUnsupported(file: string, key: string, value: unknown): Failure {
  return new Failure(
    'adapter-setting-unsupported',
    `${file} sets "${key}" to ${JSON.stringify(value)}, which is not supported; ignoring it would change the adapter.`,
    { hint: `Use an adapter without "${key}".`, place: { file, path: key } },
  );
}

export function adapterSettingInvalid(file: string, key: string, expected: string): Failure {
  return new Failure('adapter-setting-invalid', `In ${file} "${key}" must be ${expected}.`, {
    hint: 'Copy or download the adapter again, or correct the value.',
    place: { file, path: key },
  });
}

export function adapterTensorUnknown(file: string, tensor: string): Failure {
  return new Failure(
    'adapter-tensor-unknown',
    `${file} holds the tensor "${tensor}", which is not named as PEFT names the tensors of a LoRA adapter.`,
    {
      hint: 'Save the adapter again with PEFT (save_pretrained), or with this program.',
      place: { file, path: tensor },
    },
  );
}

export function adapterPairBroken(file: string, module: string, detail: string): Failure {
  return new Failure('adapter-pair-broken', `In ${file} the adapter of "${module}" is incomplete: ${detail}.`, {
    hint: 'Copy or download the adapter again.',
    place: { file, path: module },
  });
}

export function adapterEmpty(file: string): Failure {
  return new Failure('adapter-empty', `${file} holds no LoRA weights at all.`, {
    hint: 'Use an adapter that was saved after training.',
    place: { file },
  });
}

// ---- Adapters of mlx-lm

export function mlxAdapterMissing(folder: string): Failure {
  return new Failure('mlx-adapter-missing', `${folder} holds no adapter of mlx-lm.`, {
    hint: 'Give the folder with adapter_config.json and adapters.safetensors, as after --adapter-path of mlx_lm.lora.',
    place: { file: folder },
  });
}

/** `detail` is half a sentence. */
export function mlxAdapterBroken(file: string, detail: string): Failure {
  return new Failure('mlx-adapter-broken', `${file} cannot be read as an adapter of mlx-lm: ${detail}.`, {
    hint: 'Copy the folder again, or write it again with mlx_lm.lora.',
    place: { file },
  });
}

export function mlxAdapterUnsupported(file: string, kind: string): Failure {
  return new Failure('mlx-adapter-unsupported', `${file} is of the kind ${kind}; only "lora" can be taken over.`, {
    hint: 'Train it with --fine-tune-type lora, or fuse it with mlx_lm.fuse and use the model.',
    place: { file, path: 'fine_tune_type' },
  });
}
