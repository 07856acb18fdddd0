import { Failure } from '../../failure/failure';

export const weightDtypeUnsupported = (name: string, dtype: string): Failure =>
  new Failure('model-dtype-unsupported', `The weight "${name}" is stored as ${dtype}, which cannot be computed with.`, {
    hint: 'Use a version of the model whose weights are stored as F32, F16 or BF16.',
  });

export const tokenizerMissing = (folder: string): Failure =>
  new Failure('tokenizer-missing', 'The model folder has no tokenizer.json.', {
    hint: 'Download the tokenizer of the model too; a folder with only tokenizer.model can be converted by saving AutoTokenizer(..., use_fast=True) with Transformers.',
    place: { file: folder },
  });

export const maxLengthBeyondContext = (maxLength: number, context: number): Failure =>
  new Failure(
    'max-length-beyond-context',
    `The rows may be ${maxLength} tokens long, but this model can only read ${context}: it has no position for more.`,
    { hint: `Set dataset.max_length to ${context} or less.`, place: { path: 'dataset.max_length' } },
  );
