import { Failure } from '../../failure/failure';

export function tokenizerMissing(file: string): Failure {
  return new Failure('tokenizer-missing', `There is no tokenizer file ${file}.`, {
    hint:
      'The model folder needs tokenizer.json. In Python, AutoTokenizer.from_pretrained(folder).save_pretrained(folder) ' +
      'writes it for models that only have tokenizer.model or vocab.json.',
    place: { file },
  });
}

export function tokenizerInvalid(file: string, reason: string, cause?: unknown): Failure {
  return new Failure('tokenizer-invalid', `The tokenizer cannot be used: ${reason}.`, {
    hint: 'Copy tokenizer.json again from where the model came from; an interrupted download is the usual cause.',
    place: { file },
    cause,
  });
}
