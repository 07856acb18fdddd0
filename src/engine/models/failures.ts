import { Failure } from '../../failure/failure';

const file = 'config.json';

export const unsupportedModelType = (type: string, supported: readonly string[]): Failure =>
  new Failure('model-type-unsupported', `Models of type "${type}" cannot be trained here yet.`, {
    hint: `Use a base model of one of these types: ${supported.join(', ')}.`,
    place: { file, path: 'model_type' },
  });

export const encoderDecoderUnsupported = (type: string, supported: readonly string[]): Failure =>
  new Failure(
    'model-encoder-decoder',
    `This model (${type}) reads with an encoder and writes with a decoder; only models that are a decoder alone can be trained here.`,
    {
      hint: `Use a base model of one of these types: ${supported.join(', ')}.`,
      place: { file },
    },
  );

export const quantizedUnsupported = (method: string): Failure =>
  new Failure(
    'model-quantized',
    `The weights of this model are quantized (${method}); training needs them as F32, F16 or BF16.`,
    {
      hint: 'Download the original model that this one was quantized from, and use its folder as base_model.',
      place: { file, path: 'quantization_config' },
    },
  );

export const configValueMissing = (key: string, expected: string): Failure =>
  new Failure('model-config-invalid', `The model's config.json has no valid "${key}": expected ${expected}.`, {
    hint: 'Download the model again; its config.json is incomplete or was edited.',
    place: { file, path: key },
  });

export const configValueUnsupported = (key: string, value: string, supported: string): Failure =>
  new Failure(
    'model-config-unsupported',
    `The model's config.json asks for ${key} "${value}", which is not supported.`,
    {
      hint: `Supported: ${supported}.`,
      place: { file, path: key },
    },
  );

export const configContradicts = (key: string, reason: string): Failure =>
  new Failure('model-config-contradiction', `The model's config.json contradicts itself: ${reason}.`, {
    hint: 'Download the model again; its config.json is incomplete or was edited.',
    place: { file, path: key },
  });

export const weightMissing = (name: string): Failure =>
  new Failure('model-weight-missing', `The model's files have no tensor "${name}".`, {
    hint: 'Download the model again; it is incomplete, or its config.json belongs to another model.',
  });

export const headMissing = (name: string): Failure =>
  new Failure('model-head-missing', `The model's files have no output layer ("${name}"), so it cannot write text.`, {
    hint: 'It was made for embeddings or classification; use the language model that it comes from.',
  });

export const weightShapeDiffers = (name: string, actual: readonly number[], expected: readonly number[]): Failure =>
  new Failure(
    'model-weight-shape',
    `The tensor "${name}" has shape [${actual.join(', ')}], but config.json asks for [${expected.join(', ')}].`,
    { hint: 'The weights and the config.json belong to different models; download the model again.' },
  );
